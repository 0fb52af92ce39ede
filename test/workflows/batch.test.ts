import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { askForLook } from '#interventions/ask-for-look.ts';
import { retryIntervals } from '#interventions/retry-intervals.ts';
import { timeText } from '#domain/intervals.ts';
import { retryWish } from '#domain/lake/retry-wish.ts';
import { waitFor } from '#test/support/servers.ts';
import type { BatchRig } from '#test/workflows/batch-rig.ts';
import { openBatchRig } from '#test/workflows/batch-rig.ts';
import { ensureBatchSchedule } from '#workers/schedule.ts';
import type { TickResult } from '#workflows/batch-tick.ts';

describe('the batch on a real Temporal, Kafka, Postgres and S3', () => {
  let rig: BatchRig;
  before(async () => {
    rig = await openBatchRig();
  });
  after(() => rig.close());

  test('a tick cuts what closed and starts it; the run publishes it and has the marts refreshed', async () => {
    await rig.land(await rig.sendPins(['a', 'b']), ['a', 'b']);
    await rig.closed();
    const result = await rig.tick();
    assert.ok(result.cut > 0 && result.empty === result.cut - 1, JSON.stringify(result));
    assert.deepEqual(
      (await rig.outcomes(result)).map(({ state, outcome, generation, records }) => ({ state, outcome, generation, records })),
      [{ state: 'complete', outcome: 'published', generation: 1, records: 2 }],
    );
    await waitFor(async () => (await rig.environment.postgres.query('SELECT FROM marts.pins_per_category')).length > 0, {
      what: 'the marts',
    });
    assert.deepEqual(await rig.pins(), ['a', 'b']);
    assert.deepEqual(await rig.environment.postgres.query('SELECT * FROM marts.pins_per_category'), [{ category: 'art', pins: 2 }]);
  });

  test('an interval that is not landed ends as waiting, and the next tick takes it when it is', async () => {
    const first = await rig.sendPins(['c']);
    await rig.closed();
    const [waiting] = await rig.tickToEnd();
    assert.equal(waiting?.state, 'waiting');
    assert.match(waiting?.problem ?? '', /Landing is behind/);
    await rig.land(first, ['c']);
    assert.equal((await rig.tickToEnd())[0]?.outcome, 'published');
    assert.deepEqual(await rig.pins(), ['a', 'b', 'c']);
  });

  test('an interval that does not add up is held and does not stop the next; asked for, it runs again at once', async () => {
    const lost = await rig.sendPins(['d', 'e']);
    await rig.closed();
    await rig.land(lost, ['d', 'e']);
    // The object says less than its row: a record was lost on the way.
    await rig.environment.postgres.execute(`UPDATE pinflow.landing_range SET last_offset = last_offset + 1 WHERE first_offset = $1`, [
      lost,
    ]);
    await rig.sendPins(['f']);
    await rig.closed();
    await rig.tickToEnd();
    await rig.land(await rig.sendPins(['g']), ['g']);
    await rig.closed();
    const ran = await rig.tickToEnd();
    assert.ok(
      ran.some(({ outcome, records }) => outcome === 'published' && records === 1),
      JSON.stringify(ran),
    );
    assert.deepEqual(
      (await rig.states()).filter((state) => state !== 'complete'),
      ['held'],
    );
    const [held] = await rig.environment.postgres.query<{ start: Date; problem: string }>(
      `SELECT start, problem FROM pinflow.interval WHERE state = 'held'`,
    );
    assert.match(held?.problem ?? '', /^check_failed: .*does not add up/);
    assert.ok((await rig.pins()).includes('g'));

    // Mended: the row says what the object holds, and the record that was lost has one of its own.
    await rig.environment.postgres.execute(`UPDATE pinflow.landing_range SET last_offset = last_offset - 1 WHERE first_offset = $1`, [
      lost,
    ]);
    await rig.land(lost + 2, ['f']);
    await retryIntervals(rig.environment.postgres, retryWish.parse({ held: true }), 'user test');
    assert.ok(await askForLook(rig.environment.config, rig.environment.names));
    await waitFor(async () => (await rig.stateOf(timeText(held!.start.getTime()))) === 'complete', {
      what: 'the interval to be published',
    });
    assert.ok((await rig.pins()).includes('f'));
  });

  test('a trigger by hand runs the last closed interval though it is complete, and the ticks of the schedule go on', async () => {
    // So that the first tick finds something to cut.
    await rig.closed();
    await ensureBatchSchedule(rig.client, rig.environment.config, rig.environment.names);
    // Again, in place: setup runs at each start.
    await ensureBatchSchedule(rig.client, rig.environment.config, rig.environment.names);
    const schedule = rig.client.schedule.getHandle(rig.environment.names.scheduleId);
    const resultOf = (workflowId: string): Promise<TickResult> => rig.client.workflow.getHandle(workflowId).result() as Promise<TickResult>;
    const scheduled = await waitFor(async () => (await schedule.describe()).info.recentActions[0], { what: 'a tick of the schedule' });
    assert.equal((await resultOf(scheduled.action.workflow.workflowId)).manual, false);
    await schedule.pause('for the test');
    const trigger = async (): Promise<TickResult> => {
      const before = (await schedule.describe()).info.numActionsTaken;
      await schedule.trigger();
      const taken = await waitFor(
        async () => {
          const { info } = await schedule.describe();
          return info.numActionsTaken > before ? info.recentActions.at(-1) : undefined;
        },
        // One that falls into the second of another tick has its workflow's name and is not taken: the next attempt is.
        { timeoutMs: 5_000, what: 'the triggered tick' },
      );
      return resultOf(taken.action.workflow.workflowId);
    };
    // At a tick a second every moment is on the schedule's grid: only a trigger that finds nothing to do is known for one.
    const result = await waitFor(
      async () => {
        const one = await trigger();
        return one.manual ? one : undefined;
      },
      { what: 'a trigger between two intervals' },
    );
    assert.equal(result.started.length, 1, JSON.stringify(result));
    assert.equal((await rig.ended(result.started[0]!)).state, 'complete');
    await schedule.delete();
  });
});
