import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { awaitLanded } from '#activities/batch/await-landed.ts';
import { awaitRun } from '#activities/batch/await-run.ts';
import {
  beginRun,
  isRoomWanted,
  readDueIntervals,
  readInterval,
  readLastInterval,
  readOpenIntervals,
  recordComplete,
  recordFailure,
  recordWaiting,
} from '#activities/ledger/interval-ledger.ts';
import { unwatched } from '#activities/batch/progress.ts';
import type { FailureCause } from '#domain/failures.ts';
import { attemptsMax } from '#domain/lake/interval-state.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { pinJson } from '#test/support/environment.ts';

const empty = { generation: null, counts: { records: 0, clean: 0, rejects: 0, duplicates: 0 }, codeVersion: 'test' };

describe('the ledger of intervals', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  test('a run takes an interval, and writes of the run before change nothing', async () => {
    const { start } = await lake.closeInterval({});
    assert.deepEqual(await beginRun(lake.postgres, { start, run: 'one' }), { from: 'cut' });
    assert.deepEqual(await beginRun(lake.postgres, { start, run: 'one' }), { from: 'running' });
    assert.deepEqual(await beginRun(lake.postgres, { start, run: 'two' }), { from: 'running' });
    await recordWaiting(lake.postgres, { start, run: 'one' }, 'late');
    assert.deepEqual(await recordFailure(lake.postgres, { start, run: 'one' }, { cause: 'data', problem: 'late' }), { state: 'running' });
    await recordComplete(lake.postgres, { start, run: 'two' }, empty);
    assert.equal((await readInterval(lake.postgres, start)).state, 'complete');
  });

  test('faults of the code back off, growing, and end as held; a person may ask again, with attempts counted anew', async () => {
    const { start } = await lake.closeInterval({});
    let before = 0;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      await beginRun(lake.postgres, { start, run: `run-${attempt}` });
      const { state } = await recordFailure(lake.postgres, { start, run: `run-${attempt}` }, { cause: 'code', problem: 'a fault' });
      const [row] = await lake.postgres.query<{ attempts: number; wait: number | null }>(
        `SELECT attempts, extract(epoch FROM not_before - updated_at)::float8 AS wait FROM pinflow.interval WHERE start = $1`,
        [start],
      );
      assert.equal(row!.attempts, attempt);
      assert.equal(state, attempt === attemptsMax ? 'held' : 'backing_off');
      if (state === 'backing_off') assert.ok(row!.wait! > before, `${row!.wait} > ${before}`);
      else assert.equal(row!.wait, null);
      before = row!.wait ?? 0;
    }
    assert.ok(
      (await readOpenIntervals(lake.postgres, 10)).every((open) => open.start !== start),
      'held is not worked off',
    );
    assert.deepEqual(await beginRun(lake.postgres, { start, run: 'by hand' }), { from: 'held' });
    assert.deepEqual(await recordFailure(lake.postgres, { start, run: 'by hand' }, { cause: 'code', problem: 'again' }), {
      state: 'backing_off',
      restMs: 5_000,
    });
  });

  test('a cause outside never holds an interval: it backs off to a bound, and counts for nothing afterwards', async () => {
    const { start } = await lake.closeInterval({});
    const fail = async (run: string, cause: FailureCause): Promise<{ state: string; attempts: number; failures: number; wait: number }> => {
      await beginRun(lake.postgres, { start, run });
      await recordFailure(lake.postgres, { start, run }, { cause, problem: 'denied: S3' });
      const [row] = await lake.postgres.query<{ state: string; attempts: number; failures: number; wait: number }>(
        `SELECT state, attempts, failures, extract(epoch FROM not_before - updated_at)::float8 AS wait FROM pinflow.interval WHERE start = $1`,
        [start],
      );
      return { ...row!, wait: Math.round(row!.wait) };
    };
    for (const [i, wait] of [5, 20, 80, 320, 900, 900, 900].entries())
      assert.deepEqual(await fail(`outside-${i}`, 'outside'), { state: 'backing_off', attempts: 0, failures: i + 1, wait });
    assert.deepEqual(await fail('code', 'code'), { state: 'backing_off', attempts: 1, failures: 8, wait: 900 });
    await beginRun(lake.postgres, { start, run: 'good' });
    await recordComplete(lake.postgres, { start, run: 'good' }, empty);
    assert.deepEqual(await lake.postgres.query(`SELECT attempts, failures FROM pinflow.interval WHERE start = $1`, [start]), [
      { attempts: 0, failures: 0 },
    ]);
  });

  test('data that is wrong holds at once', async () => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: 'one' });
    assert.deepEqual(await recordFailure(lake.postgres, { start, run: 'one' }, { cause: 'data', problem: 'gap' }), { state: 'held' });
  });

  test('the tick sees what is open, oldest first and the waiting last: not what backs off, is held or complete', async () => {
    const cut = await lake.closeInterval({});
    const waiting = await lake.closeInterval({});
    await beginRun(lake.postgres, { start: waiting.start, run: 'one' });
    await recordWaiting(lake.postgres, { start: waiting.start, run: 'one' }, 'landing is behind');
    const running = await lake.closeInterval({});
    await beginRun(lake.postgres, { start: running.start, run: 'one' });
    assert.deepEqual(await readOpenIntervals(lake.postgres, 10), [
      { ...cut, state: 'cut' },
      { ...running, state: 'running' },
      { ...waiting, state: 'waiting' },
    ]);
    assert.deepEqual(await readOpenIntervals(lake.postgres, 1), [{ ...cut, state: 'cut' }]);
    assert.deepEqual(await readLastInterval(lake.postgres, running.end), { ...running, state: 'running' });
    assert.deepEqual(
      await readLastInterval(lake.postgres, running.start),
      { ...waiting, state: 'waiting' },
      'a backfill means what had closed by then',
    );
  });

  test('what is due is counted, in order, beside what runs; what waits for landing rests too, unless a tick asks', async () => {
    await lake.postgres.execute(`UPDATE pinflow.interval SET state = 'complete'`);
    const running = await lake.closeInterval({});
    const waiting = await lake.closeInterval({});
    const [backingOff, rested] = [await lake.closeInterval({}), await lake.closeInterval({})];
    const cut = await lake.closeInterval({});
    for (const { start } of [running, waiting, backingOff, rested]) await beginRun(lake.postgres, { start, run: 'one' });
    const first = await recordWaiting(lake.postgres, { start: waiting.start, run: 'one' }, 'landing is behind');
    assert.equal(first.restMs, 5_000);
    for (const { start } of [backingOff, rested])
      await recordFailure(lake.postgres, { start, run: 'one' }, { cause: 'outside', problem: 'denied' });
    await lake.postgres.execute(`UPDATE pinflow.interval SET not_before = now() WHERE start = $1`, [rested.start]);
    const starts = async (limit: number, asked: boolean): Promise<unknown> => {
      const { running: runs, due, dueCount } = await readDueIntervals(lake.postgres, limit, asked);
      return [runs.map(({ start }) => start), due.map(({ start }) => start), dueCount];
    };
    assert.deepEqual(await starts(9, false), [[running.start], [rested.start, cut.start], 2]);
    assert.deepEqual(await starts(9, true), [[running.start], [rested.start, cut.start, waiting.start], 3]);
    assert.deepEqual(await starts(1, true), [[running.start], [rested.start], 3]);
    await lake.postgres.execute(`UPDATE pinflow.interval SET not_before = now() WHERE state = 'waiting'`);
    assert.deepEqual(await starts(9, false), [[running.start], [rested.start, cut.start, waiting.start], 3]);
  });

  test('whoever waits for a run sees its end in the ledger', async () => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: 'one' });
    assert.deepEqual(await awaitRun(lake.postgres, start, 0, unwatched), { state: 'running' });
    const awaited = awaitRun(lake.postgres, start, 10_000, unwatched);
    await recordComplete(lake.postgres, { start, run: 'one' }, empty);
    assert.deepEqual(await awaited, { state: 'complete' });
  });
});

describe('waiting for landing', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 2 });
  });
  after(() => lake.close());

  test('an interval is landed when every partition is, up to the cut; a range that is fixed only is not', async () => {
    const interval = await lake.closeInterval({ pin: { 1: 2 } });
    const behind = await awaitLanded(lake.postgres, interval, { waitMs: 0 }, unwatched);
    assert.equal(behind.landed, false);
    assert.match(behind.landed ? '' : behind.problem, /pinterest\.pin\/1 is landed up to offset 0, the interval ends at 2/);
    const awaited = awaitLanded(lake.postgres, interval, { waitMs: 10_000 }, unwatched);
    await lake.land('pin', 1, 0, [pinJson('a'), pinJson('b'), pinJson('c')]);
    assert.deepEqual(await awaited, { landed: true });

    await lake.postgres.execute(`UPDATE pinflow.landing_range SET state = 'fixed'`);
    assert.equal((await awaitLanded(lake.postgres, interval, { waitMs: 0 }, unwatched)).landed, false);
  });

  test('a partition in which the interval holds nothing is not waited for', async () => {
    const interval = await lake.closeInterval({ geo: { 0: 1 } });
    await lake.land('geo', 0, 0, ['{}']);
    assert.deepEqual(await awaitLanded(lake.postgres, interval, { waitMs: 0 }, unwatched), { landed: true });
  });

  test('whoever waits gives up its room once all of it is taken and others are due, and not before', async () => {
    const [interval, beside] = [await lake.closeInterval({ user: { 1: 9 } }), await lake.closeInterval({})];
    await lake.postgres.execute(`UPDATE pinflow.interval SET state = 'complete'`);
    await beginRun(lake.postgres, { start: interval.start, run: 'one' });
    const room = { lookMs: 0, atOnce: 2 };
    const awaited = awaitLanded(lake.postgres, interval, { waitMs: 60_000, room }, unwatched);
    const { start } = await lake.closeInterval({});
    assert.equal(await isRoomWanted(lake.postgres, room.atOnce), false, 'there is room for one more');
    await beginRun(lake.postgres, { start: beside.start, run: 'one' });
    assert.equal((await awaited).landed, false);
    await recordFailure(lake.postgres, { start: beside.start, run: 'one' }, { cause: 'outside', problem: 'denied' });
    await beginRun(lake.postgres, { start, run: 'one' });
    assert.equal(await isRoomWanted(lake.postgres, room.atOnce), false, 'nothing is due');
  });

  test('cancellation ends the wait', async () => {
    const interval = await lake.closeInterval({ user: { 0: 9 } });
    await assert.rejects(awaitLanded(lake.postgres, interval, { waitMs: 60_000 }, { ...unwatched, signal: AbortSignal.timeout(50) }), {
      name: 'AbortError',
    });
  });
});
