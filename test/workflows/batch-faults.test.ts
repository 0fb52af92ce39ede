import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LedgerInterval } from '#questions/list-intervals.ts';
import { listIntervals } from '#questions/list-intervals.ts';
import { abandonPending } from '#interventions/abandon.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import { commitPath } from '#domain/lake/delta.ts';
import { plan } from '#test/activities/lake/publish-run.ts';
import { childOf, isAlive } from '#test/support/duckdb-child.ts';
import { waitFor } from '#test/support/servers.ts';
import type { TickResult } from '#workflows/batch-tick.ts';
import type { BatchRig } from '#test/workflows/batch-rig.ts';
import { openBatchRig } from '#test/workflows/batch-rig.ts';
import { intervalsAtOnce } from '#workflows/policies.ts';

describe('the batch, when something is in its way', () => {
  let rig: BatchRig;
  before(async () => {
    rig = await openBatchRig();
  });
  after(() => rig.close());

  /** It tries again by itself, and is not backing off while it does. */
  const backedOff = (start: string): Promise<LedgerInterval> =>
    waitFor(
      async () => (await listIntervals(rig.environment.postgres, { state: 'backing_off', limit: 10 })).find((one) => one.start === start),
      { what: 'the interval to back off' },
    );

  test('wrong S3 keys hold nothing: the interval backs off, and with the right keys it completes by itself', async () => {
    await rig.land(await rig.sendPins(['keys']), ['keys']);
    await rig.closed();
    rig.setKeys('wrong');
    // The next tick is an hour away, as it is by default.
    const [start] = (await rig.tick({ intervalMs: 3_600_000 })).started;
    const failed = await backedOff(start!);
    assert.match(failed.problem ?? '', /^denied: S3, .*check S3_ACCESS_KEY_ID/);
    assert.ok(Date.parse(failed.nextTry!) > Date.parse(failed.updatedAt));
    rig.setKeys('right');
    assert.equal((await rig.ended(failed.start)).outcome, 'published');
    assert.ok((await rig.pins()).includes('keys'));
  });

  test('a tick ends while its intervals run, few at a time; whatever becomes of one, all are published in the end', async () => {
    for (let i = 0; i <= intervalsAtOnce; i++) {
      await rig.land(await rig.sendPins([`slow-${i}`]), [`slow-${i}`]);
      await rig.nextInterval();
    }
    await rig.closed();
    const goOn = rig.holdS3();
    let ended: TickResult | undefined;
    const ticking = rig.tick().then((result) => (ended = result));
    await waitFor(() => ended, { what: 'the tick, which waits for no interval' });
    const { started, left } = await ticking;
    const running = started.slice(0, intervalsAtOnce);
    assert.ok(left >= 1, JSON.stringify({ started, left }));
    await waitFor(async () => (await rig.states()).filter((state) => state === 'running').length === intervalsAtOnce, {
      what: 'the first intervals to run',
    });

    const [terminated, cancelled, other] = running;
    await rig.runOf(terminated!).terminate('for the test');
    await rig.runOf(cancelled!).cancel();
    await assert.rejects(rig.ended(cancelled!));
    assert.deepEqual([await rig.stateOf(terminated!), await rig.stateOf(other!)], ['running', 'running']);
    // Whoever looks at the ledger next finds out that its run is gone.
    const look = { only: 'open' } as const;
    await rig.tick(look);
    await waitFor(async () => (await rig.runOf(terminated!).describe()).status.name === 'RUNNING', {
      what: 'a run in place of the one that is gone',
    });

    goOn();
    await rig.passTime();
    await waitFor(
      async () => {
        await rig.tick(look);
        return (await rig.states()).every((state) => state === 'complete');
      },
      { what: 'all to be complete' },
    );
    assert.equal((await rig.pins()).filter((id) => String(id).startsWith('slow-')).length, intervalsAtOnce + 1);
  });

  test('a DuckDB process that hangs is killed, and the interval is published all the same', async () => {
    await rig.land(await rig.sendPins(['hung']), ['hung']);
    await rig.closed();
    await rig.martsAreDone();
    const ticking = rig.tick({ stallMs: 2_000 });
    const pid = await childOf(process.pid);
    process.kill(pid, 'SIGSTOP');
    const ticked = await ticking;
    await waitFor(() => !isAlive(pid), { what: 'the process that hangs to be killed' });
    const [result] = await rig.outcomes(ticked);
    assert.equal(result?.outcome, 'published');
    const { events } = await rig.runOf(result.start).fetchHistory();
    const failures = (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) => started?.lastFailure?.message ?? []);
    assert.ok(
      failures.some((message) => message.startsWith('A DuckDB process stood still for 2 s')),
      JSON.stringify(failures),
    );
  });

  test('a run that is cancelled kills its DuckDB process within 2 s, and a later tick runs the interval', async () => {
    await rig.land(await rig.sendPins(['cancelled']), ['cancelled']);
    await rig.closed();
    await rig.martsAreDone();
    const ticking = rig.tick();
    const pid = await childOf(process.pid);
    process.kill(pid, 'SIGSTOP');
    const [start] = (await ticking).started;
    await rig.runOf(start!).cancel();
    await waitFor(() => !isAlive(pid), { what: 'the process to be gone', timeoutMs: 2_000 });
    await assert.rejects(rig.ended(start!));
    assert.equal(await rig.stateOf(start!), 'backing_off');
    await rig.passTime();
    assert.ok((await rig.tickToEnd()).some((run) => run.start === start && run.outcome === 'published'));
  });

  test('while a publish is stuck a run ends before it cleans, leaves nothing in the lake, and goes on once that is mended', async () => {
    const { postgres, s3, config } = rig.environment;
    await rig.land(await rig.sendPins(['stuck']), ['stuck']);
    await rig.closed();
    await rig.martsAreDone();
    const next = (await readNewestGeneration(postgres))!.versions['clean_pins']! + 1;
    const spoilt = `lake/clean_pins/${commitPath(next)}`;
    await s3.put(spoilt, Buffer.from('not JSON\n'));
    await postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now()`, [
      JSON.stringify(plan('of-another', '2026-01-01T00:00:00Z')),
    ]);
    const files = async (): Promise<number> => (await s3.list('lake/')).length;
    const before = await files();
    const { started } = await rig.tick();
    const [start] = started;
    const failed = await backedOff(start!);
    const { events } = await rig.runOf(start!).fetchHistory();
    const steps = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityId ?? []);
    assert.ok(steps.includes('plan') && !steps.includes('clean-00000'), steps.join(', '));
    assert.match(failed.problem ?? '', /^not_ready: The lake waits for the publish of run of-another/);
    assert.equal(await files(), before);

    // In this order: were the entry gone first, whoever publishes next could finish what is pending before it is let go.
    const abandoning = abandonPending(
      { postgres, s3, log: makeDeltaLog(s3, makeLakeCache(s3, config.home)) },
      { why: 'a test', dryRun: false },
      'user test',
    );
    await assert.rejects(abandoning, /is decided, and could not be carried out yet/);
    await s3.delete([spoilt]);
    await rig.passTime();
    assert.ok((await rig.tickToEnd()).some((run) => run.start === start && run.outcome === 'published'));
  });
});
