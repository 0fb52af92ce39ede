import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { beginRun, readInterval } from '#activities/ledger/interval-ledger.ts';
import type { Abandoned } from '#interventions/abandon.ts';
import { abandonPending } from '#interventions/abandon.ts';
import type { DeltaLog } from '#activities/lake/delta-log.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { readPending } from '#activities/lake/lake-lock.ts';
import { finishPending, publish as publishPlan } from '#activities/lake/publish.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { commitPath } from '#domain/lake/delta.ts';
import { lakeTables } from '#domain/names.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { plan, stage } from '#test/activities/lake/publish-run.ts';

const wish = { why: 'rights are lost', dryRun: false };
const by = 'user tester';

let lake: LakeEnvironment;
before(async () => {
  lake = await openLakeEnvironment({ topicPartitions: 1 });
});
after(() => lake.close());

async function publishRun(run: string, interval: string, s3: S3 = lake.s3, log: DeltaLog = makeDeltaLog(s3, lake.cache)): Promise<void> {
  const wanted = plan(run, interval);
  await beginRun(lake.postgres, { start: interval, run });
  await stage(lake.s3, wanted);
  await publishPlan({ postgres: lake.postgres, s3, log }, wanted);
}

/** An S3 whose creating puts fail from number `at` (from 0) on, the first before or after it happened. */
function failingFrom(at: number, moment: 'before' | 'after'): S3 {
  let puts = 0;
  return {
    ...lake.s3,
    async putIfAbsent(key, bytes) {
      const put = puts++;
      if (put > at || (put === at && moment === 'before')) throw new Failure('denied', 'no rights');
      const result = await lake.s3.putIfAbsent(key, bytes);
      if (put === at) throw new Failure('denied', 'no rights');
      return result;
    },
  };
}

/** The files of each table as the newest generation has them, without where in time they were added. */
async function filesNow(): Promise<Record<string, string[]>> {
  const newest = await readNewestGeneration(lake.postgres);
  const log = makeDeltaLog(lake.s3, lake.cache);
  const files: Record<string, string[]> = {};
  for (const table of lakeTables)
    files[table] = (await log.readSnapshot(table, newest?.versions[table] ?? -1)).files.map(({ path }) => path).toSorted();
  return files;
}

function abandon(s3: S3 = lake.s3, over: object = {}): Promise<Abandoned> {
  return abandonPending({ postgres: lake.postgres, s3, log: makeDeltaLog(s3, lake.cache) }, { ...wish, ...over }, by);
}

/** After it: another interval is published, and holds nothing of the run; its own interval runs anew. */
async function assertGone(run: string, start: string, before: Record<string, string[]>): Promise<void> {
  assert.deepEqual(await filesNow(), before);
  assert.equal(await readPending(lake.postgres), undefined);
  assert.equal((await readInterval(lake.postgres, start)).state, 'cut', 'its interval goes on');
  await assert.rejects(publishPlan(lake, plan(run, start)), { kind: 'fenced' });
  const next = await lake.closeInterval({});
  await publishRun(`${run}-next`, next.start);
  const name = (one: string): string => `dt=${next.start.slice(0, 10)}/${one}.parquet`;
  const expected = Object.fromEntries(Object.entries(before).map(([table, files]) => [table, [...files, name(`${run}-next`)].toSorted()]));
  assert.deepEqual(await filesNow(), expected);
  await publishRun(`${run}-anew`, start);
  for (const files of Object.values(await filesNow())) {
    assert.ok(files.includes(name(`${run}-anew`)));
    assert.ok(!files.includes(name(run)), 'no row of the run came back');
  }
}

test('the first publish ever, half done: the tables are there and empty, and the next publish goes on', async () => {
  const { start } = await lake.closeInterval({});
  await assert.rejects(publishRun('first', start, failingFrom(1, 'after')), { kind: 'denied' });
  const { tables, run, generation } = await abandon();
  assert.equal(run, 'first');
  assert.deepEqual(
    tables.map(({ committed }) => committed),
    [0, 0, null, null],
  );
  const newest = await readNewestGeneration(lake.postgres);
  assert.equal(newest?.id, generation);
  assert.deepEqual(newest?.versions, { clean_pins: 1, clean_geo: 1, clean_users: 0, rejects: 0 });
  await assertGone('first', start, Object.fromEntries(lakeTables.map((table) => [table, []])));
});

describe('a publish that failed at a put is let go', () => {
  const points = lakeTables.flatMap((_, at) => (['before', 'after'] as const).map((moment) => ({ at, moment })));
  for (const { at, moment } of points) {
    test(`${moment} put ${at}`, async () => {
      const before = await filesNow();
      const { start } = await lake.closeInterval({});
      const run = `failed-${moment}-${at}`;
      await assert.rejects(publishRun(run, start, failingFrom(at, moment)), { kind: 'denied' });
      const { tables, tries, problem } = await abandon();
      assert.deepEqual({ tries, problem }, { tries: 1, problem: 'no rights' });
      assert.equal(tables.filter(({ committed }) => committed !== null).length, moment === 'before' ? at : at + 1);
      await assertGone(run, start, before);
      const [row] = await lake.postgres.query(
        `SELECT cause, interval_start, why, abandoned_by, tries, problem FROM pinflow.abandonment WHERE run_id = $1`,
        [run],
      );
      assert.deepEqual(row, {
        cause: 'interval',
        interval_start: new Date(start),
        why: wish.why,
        abandoned_by: by,
        tries: 1,
        problem: 'no rights',
      });
    });

    test(`${moment} put ${at}, while letting it go dies at the same put and somebody else finishes it`, async () => {
      const before = await filesNow();
      const { start } = await lake.closeInterval({});
      const run = `twice-${moment}-${at}`;
      await assert.rejects(publishRun(run, start, failingFrom(1, 'after')), { kind: 'denied' });
      await assert.rejects(abandon(failingFrom(at, moment)), { kind: 'denied', message: /is decided, and could not be carried out yet/ });
      assert.deepEqual(await filesNow(), before, 'readers see nothing of it');
      if (at % 2 === 0) assert.equal((await abandon()).why, wish.why);
      else await finishPending(lake);
      await assertGone(run, start, before);
    });
  }
});

test('a holder that lost the lock and wakes up late commits nothing any more', async () => {
  for (const stopsAt of lakeTables.keys()) {
    const before = await filesNow();
    const { start } = await lake.closeInterval({});
    const run = `late-${stopsAt}`;
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let puts = 0;
    const stopping: S3 = {
      ...lake.s3,
      async putIfAbsent(key, bytes) {
        if (puts++ === stopsAt) {
          reached.resolve();
          await goOn.promise;
        }
        return lake.s3.putIfAbsent(key, bytes);
      },
    };
    const late = publishRun(run, start, stopping);
    await reached.promise;
    // The server gives up the connection, as it does with one that is idle for too long.
    await lake.postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
    );
    await lake.postgres.execute(`UPDATE pinflow.lake_lock SET pending_since = now() - interval '5 minutes'`);
    await abandon();
    goOn.resolve();
    await assert.rejects(late);
    await assertGone(run, start, before);
  }
});

test('a commit of another engine on top of the run’s is put back with it', async () => {
  const before = await filesNow();
  const { start } = await lake.closeInterval({});
  await assert.rejects(publishRun('below', start, failingFrom(1, 'after')), { kind: 'denied' });
  const version = (await readNewestGeneration(lake.postgres))!.versions['clean_pins']! + 2;
  const file = `dt=${start.slice(0, 10)}/below.parquet`;
  await lake.s3.put(
    `lake/clean_pins/${commitPath(version)}`,
    Buffer.from(
      [
        { commitInfo: { timestamp: 0, operation: 'OPTIMIZE' } },
        { remove: { path: file, deletionTimestamp: 0, dataChange: false } },
        { add: { path: 'compacted.parquet', partitionValues: {}, size: 1, modificationTime: 0, dataChange: false } },
      ]
        .map((action) => `${JSON.stringify(action)}\n`)
        .join(''),
    ),
  );
  await abandon();
  await assertGone('below', start, before);
});

describe('what is not let go', () => {
  test('nothing, where nothing is pending', async () => {
    await assert.rejects(abandon(), { kind: 'missing', message: /^No publish is pending/ });
  });

  test('a publish that nobody failed at yet, or another than the one that was named; a dry run only tells', async () => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: 'young' });
    await lake.postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now()`, [JSON.stringify(plan('young', start))]);
    await assert.rejects(abandon(), { kind: 'conflict', message: /nobody failed at it yet/ });
    await lake.postgres.execute(`UPDATE pinflow.lake_lock SET pending_since = now() - interval '2 minutes'`);
    await assert.rejects(abandon(lake.s3, { run: 'other' }), { kind: 'missing', message: /that of run young is/ });
    const dry = await abandon(lake.s3, { dryRun: true });
    assert.deepEqual([dry.run, dry.interval, dry.generation], ['young', start, null]);
    assert.equal((await readPending(lake.postgres))?.abandon, null);
    assert.equal((await finishPending(lake))?.run, 'young');
  });

  test('a publish that somebody carries out right now', async () => {
    await lake.postgres.transaction(async (statements) => {
      await statements.query('SELECT 1 FROM pinflow.lake_lock FOR UPDATE');
      await assert.rejects(abandon(), { kind: 'conflict', message: /at work on the pending publish right now/ });
    });
  });
});
