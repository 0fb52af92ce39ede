import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { abandonPending } from '#interventions/abandon.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import { plan } from '#test/activities/lake/publish-run.ts';
import { waitFor } from '#test/support/servers.ts';
import type { BatchRig } from '#test/workflows/batch-rig.ts';
import { openBatchRig } from '#test/workflows/batch-rig.ts';
import { wakeSignal } from '#workflows/start-due.ts';

describe('an interval that is woken', () => {
  let rig: BatchRig;
  before(async () => {
    rig = await openBatchRig();
  });
  after(() => rig.close());
  // The next tick is an hour away, as it is by default.
  const hourly = { intervalMs: 3_600_000 };

  /** Starts an interval with one pin whose run stands still at S3; gives its start and its first run. */
  async function begin(id: string): Promise<{ start: string; first: WorkflowHandle; goOn: () => void }> {
    await rig.land(await rig.sendPins([id]), [id]);
    await rig.closed();
    const goOn = rig.holdS3();
    const { started } = await rig.tick(hourly);
    const [start] = started;
    await waitFor(() => hasAsked(rig.runOf(start!), 'plan'), { what: 'the run to plan' });
    const { runId } = await rig.runOf(start!).describe();
    return { start: start!, first: rig.client.workflow.getHandle(rig.runOf(start!).workflowId, runId), goOn };
  }

  const eventsOf = async (run: WorkflowHandle) => (await run.fetchHistory()).events ?? [];

  const hasAsked = async (run: WorkflowHandle, activity: string): Promise<boolean> =>
    (await eventsOf(run)).some(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityId === activity);

  test('while it runs rests all the same when that run failed', async () => {
    const { start, first, goOn } = await begin('early');
    await first.signal(wakeSignal);
    rig.setKeys('wrong');
    goOn();
    await waitFor(async () => (await rig.stateOf(start)) === 'backing_off', { what: 'the interval to back off' });
    rig.setKeys('right');
    assert.equal((await rig.ended(start)).outcome, 'published');
    const rested = (await eventsOf(first)).some(({ timerFiredEventAttributes: fired }) => fired);
    assert.ok(rested, 'it did not rest');
  });

  test('while it asks for room runs, though there is none', async () => {
    const { start, first, goOn } = await begin('late');
    rig.setKeys('wrong');
    goOn();
    await waitFor(async () => (await eventsOf(first)).some(({ timerStartedEventAttributes: rests }) => rests), { what: 'the rest' });
    rig.setKeys('right');
    await rig.environment.postgres.transaction(async (statements) => {
      await statements.execute('LOCK TABLE pinflow.interval IN ACCESS EXCLUSIVE MODE');
      await statements.execute(`UPDATE pinflow.interval SET not_before = now() + interval '1 hour' WHERE start = $1`, [start]);
      await waitFor(() => hasAsked(first, 'list-due-again'), { what: 'the interval to ask for room' });
      await first.signal(wakeSignal);
    });
    assert.equal((await rig.ended(start)).outcome, 'published');
  });
});

describe('an interval whose publish was let go', () => {
  let rig: BatchRig;
  before(async () => {
    rig = await openBatchRig();
  });
  after(() => rig.close());

  test('runs anew at once when its run ends, and does not wait for a tick', async () => {
    const { postgres, s3, config } = rig.environment;
    const first = await rig.sendPins(['let-go']);
    await rig.closed();
    const { started } = await rig.tick({ intervalMs: 3_600_000, waitMs: 120_000 });
    const [start] = started;
    await waitFor(async () => (await rig.stateOf(start!)) === 'running', { what: 'the interval to run' });
    // They, too, finish what is pending.
    await rig.martsAreDone();
    const { runId } = await rig.runOf(start!).describe();
    await postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now() - interval '5 minutes'`, [
      JSON.stringify(plan(runId, start!)),
    ]);
    await abandonPending(
      { postgres, s3, log: makeDeltaLog(s3, makeLakeCache(s3, config.home)) },
      { why: 'a test', dryRun: false },
      'user test',
    );
    assert.equal(await rig.stateOf(start!), 'cut');
    await rig.land(first, ['let-go']);
    assert.equal((await rig.ended(start!)).outcome, 'published');
    assert.deepEqual(await rig.pins(), ['let-go']);
  });
});
