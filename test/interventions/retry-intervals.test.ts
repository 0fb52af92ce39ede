import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { beginRun, readInterval, readOpenIntervals, recordFailure, recordWaiting } from '#activities/ledger/interval-ledger.ts';
import { countOpenIntervals, listIntervals } from '#questions/list-intervals.ts';
import type { Retried } from '#interventions/retry-intervals.ts';
import { refusalOf, retryIntervals } from '#interventions/retry-intervals.ts';
import type { FailureCause } from '#domain/failures.ts';
import { retryWish } from '#domain/lake/retry-wish.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';

describe('asking for intervals to be tried again', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());
  const retry = (wish: object): Promise<Retried> => retryIntervals(lake.postgres, retryWish.parse(wish), 'user somebody');
  const failed = async (cause: FailureCause): Promise<string> => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: `run of ${start}` });
    await recordFailure(lake.postgres, { start, run: `run of ${start}` }, { cause, problem: `a fault of ${cause}` });
    return start;
  };
  const stateOf = async (start: string): Promise<string> => (await readInterval(lake.postgres, start)).state;

  test('all that are held are ready to run, with failures counted anew; who asked, when and why is kept', async () => {
    const [one, two] = [await failed('data'), await failed('data')];
    const backingOff = await failed('outside');
    assert.equal((await retry({ held: true, dryRun: true })).intervals.length, 2);
    assert.deepEqual([await stateOf(one), await stateOf(two)], ['held', 'held'], 'a dry run changes nothing');

    const { intervals } = await retry({ held: true, reason: 'mended' });
    assert.deepEqual(
      intervals.map(({ start, from, problem }) => ({ start, from, problem })),
      [one, two].map((start) => ({ start, from: 'held', problem: 'a fault of data' })),
    );
    assert.deepEqual(
      (await readOpenIntervals(lake.postgres, 10)).map(({ start, state }) => ({ start, state })),
      [one, two].map((start) => ({ start, state: 'cut' })),
    );
    assert.equal(await stateOf(backingOff), 'backing_off', 'only what was asked for');
    const [listed] = await listIntervals(lake.postgres, { state: 'cut', limit: 1 });
    assert.deepEqual(
      {
        failures: listed?.failures,
        attempts: listed?.attempts,
        problem: listed?.problem,
        by: listed?.lastRetry?.by,
        reason: listed?.lastRetry?.reason,
      },
      { failures: 0, attempts: 0, problem: null, by: 'user somebody', reason: 'mended' },
    );
    assert.deepEqual((await retry({ held: true })).intervals, [], 'nothing is held any more');
  });

  test('one that backs off or waits is taken at once, whatever its time and however it is written', async () => {
    const backingOff = await failed('outside');
    const { start: waiting } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start: waiting, run: 'one' });
    await recordWaiting(lake.postgres, { start: waiting, run: 'one' }, 'landing is behind');
    const written = new Date(backingOff).toISOString().replace('Z', '+00:00');
    const { intervals } = await retry({ intervals: [written, waiting] });
    assert.deepEqual(
      intervals.map(({ from }) => from),
      ['backing_off', 'waiting'],
    );
    assert.deepEqual([await stateOf(backingOff), await stateOf(waiting)], ['cut', 'cut']);
  });

  test('where one is unknown, runs or is complete, nothing changes and a sentence names it', async () => {
    const held = await failed('data');
    const { start: running } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start: running, run: 'one' });
    const { start: complete } = await lake.closeInterval({});
    await lake.postgres.execute(`UPDATE pinflow.interval SET state = 'complete' WHERE start = $1`, [complete]);
    for (const [start, sentence] of [
      ['2001-01-01T00:00:00Z', /^There is no interval that starts at 2001-01-01T00:00:00Z: npx pinflow batch list shows/],
      [running, /^Interval .* runs right now: wait for its end\. Nothing was changed\.$/],
      [complete, /^Interval .* is complete: trigger the schedule/],
    ] as const) {
      assert.match(refusalOf(await retry({ intervals: [held, start] })) ?? '', sentence);
      assert.equal(await stateOf(held), 'held');
    }
  });

  test('what is open is counted by state; what is held is nobody that waits for its turn', async () => {
    await lake.postgres.execute(`UPDATE pinflow.interval SET state = 'complete'`);
    assert.deepEqual(await countOpenIntervals(lake.postgres), { byState: {}, oldestSeconds: null });
    await failed('data');
    assert.deepEqual(await countOpenIntervals(lake.postgres), { byState: { held: 1 }, oldestSeconds: null });
    const { end } = await lake.closeInterval({});
    await failed('outside');
    const { byState, oldestSeconds } = await countOpenIntervals(lake.postgres);
    assert.deepEqual(byState, { held: 1, cut: 1, backing_off: 1 });
    assert.ok(Math.abs(oldestSeconds! - (Date.now() - Date.parse(end)) / 1_000) < 30, String(oldestSeconds));
  });
});
