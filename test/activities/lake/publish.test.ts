import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import { readPending } from '#activities/lake/lake-lock.ts';
import { finishPending, publish as publishPlan } from '#activities/lake/publish.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { column } from '#domain/kinds/columns.ts';
import { commitPath } from '#domain/lake/delta.ts';
import { lakeTables } from '#domain/names.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { commitsOf, plan, publish } from '#test/activities/lake/publish-run.ts';

/** An S3 whose creating put number `at` (from 0) fails before or after it happened: a process that dies there. */
function dyingAt(s3: S3, at: number, moment: 'before' | 'after'): S3 {
  let puts = 0;
  return {
    ...s3,
    async putIfAbsent(key, bytes) {
      const dies = puts++ === at;
      if (dies && moment === 'before') throw new Failure('unavailable', 'died');
      const result = await s3.putIfAbsent(key, bytes);
      if (dies) throw new Failure('unavailable', 'died');
      return result;
    },
  };
}

describe('a publish that dies', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  // One put a table: at each, before and after it happened.
  const points = lakeTables.flatMap((_, at) => [
    { at, moment: 'before' as const },
    { at, moment: 'after' as const },
  ]);
  for (const { at, moment } of points) {
    for (const healer of ['the same run', 'the next run'] as const) {
      test(`${moment} put ${at} is finished by ${healer}`, async () => {
        const name = (run: string): string => `${moment}-${at}-${healer.replaceAll(' ', '-')}-${run}`;
        const first = await lake.closeInterval({});
        const second = await lake.closeInterval({});
        await publish({ postgres: lake.postgres, s3: lake.s3, log: lake.log }, plan(name('old'), first.start));
        const newest = await readNewestGeneration(lake.postgres);
        const commits = await commitsOf(lake);

        const dying = dyingAt(lake.s3, at, moment);
        const dies = publish({ postgres: lake.postgres, s3: dying, log: makeDeltaLog(dying, lake.cache) }, plan(name('dies'), first.start));
        await assert.rejects(dies, /died/);
        assert.deepEqual(await readNewestGeneration(lake.postgres), newest, 'readers see nothing of it');

        const log = makeDeltaLog(lake.s3, lake.cache);
        const runs = healer === 'the same run' ? [name('dies')] : [name('dies'), name('next')];
        await publish(
          { postgres: lake.postgres, s3: lake.s3, log },
          healer === 'the same run' ? plan(runs[0]!, first.start) : plan(runs[1]!, second.start),
        );

        for (const [table, after] of Object.entries(await commitsOf(lake))) assert.deepEqual(after, [...commits[table]!, ...runs], table);
        const generations = await lake.postgres.query<{ run_id: string; versions: Record<string, number> }>(
          `SELECT run_id, versions FROM pinflow.generation WHERE id > $1 ORDER BY id`,
          [newest?.id],
        );
        assert.deepEqual(
          generations.map(({ run_id }) => run_id),
          runs,
        );
        for (const [i, { versions }] of generations.entries())
          for (const table of lakeTables) assert.equal(versions[table], newest!.versions[table]! + 1 + i);
        const { files } = await log.readSnapshot('clean_pins', newest!.versions['clean_pins']! + runs.length);
        const ours = files.map(({ path }) => path).filter((path) => path.includes(name('')));
        assert.deepEqual(
          ours.toSorted(),
          runs.map((run) => `dt=2026-01-01/${run}.parquet`),
          'the first interval was replaced, not doubled',
        );
      });
    }
  }

  test('between the last commit and the generation row is finished by anyone, once', async () => {
    const { start } = await lake.closeInterval({});
    const wanted = plan('all-but-the-row', start);
    const versions = (await readNewestGeneration(lake.postgres))?.versions;
    await lake.postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1`, [JSON.stringify(wanted)]);
    // The commits of a holder whose transaction was lost with its connection.
    for (const change of wanted.changes) await lake.log.commit(change, wanted, versions![change.table]!);
    const dependencies = { postgres: lake.postgres, s3: lake.s3, log: makeDeltaLog(lake.s3, lake.cache) };
    assert.equal((await finishPending(dependencies))?.run, wanted.run);
    assert.equal(await finishPending(dependencies), undefined);
    assert.equal((await publishPlan(dependencies, wanted)).run, wanted.run);
    for (const commits of Object.values(await commitsOf(lake))) assert.equal(commits.filter((run) => run === wanted.run).length, 1);
    const [row] = await lake.postgres.query(
      `SELECT state, generation IS NOT NULL AS published, records FROM pinflow.interval WHERE start = $1`,
      [start],
    );
    assert.deepEqual(
      row,
      { state: 'cut', published: true, records: 1 },
      'the result counts, the state belongs to the run that has the interval',
    );
  });
});

describe('publishers', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  test('eight at once leave one commit a table and one generation each, in one order', async () => {
    const intervals = [];
    for (let i = 0; i < 8; i++) intervals.push(await lake.closeInterval({}));
    await Promise.all(
      intervals.map(({ start }, i) =>
        publish({ postgres: lake.postgres, s3: lake.s3, log: makeDeltaLog(lake.s3, lake.cache) }, plan(`run-${i}`, start)),
      ),
    );
    const generations = await lake.postgres.query<{ run_id: string; versions: Record<string, number> }>(
      `SELECT run_id, versions FROM pinflow.generation ORDER BY id`,
    );
    assert.equal(generations.length, 8);
    const order = generations.map(({ run_id }) => run_id);
    for (const commits of Object.values(await commitsOf(lake))) assert.deepEqual(commits, order);
    for (const [i, { versions }] of generations.entries())
      assert.deepEqual(versions, Object.fromEntries(lakeTables.map((table) => [table, i])));
  });

  test('a run that lost its interval to another publishes nothing', async () => {
    const { start } = await lake.closeInterval({});
    await beginRun(lake.postgres, { start, run: 'slow' });
    await beginRun(lake.postgres, { start, run: 'quick' });
    const commits = await commitsOf(lake);
    await assert.rejects(publishPlan({ postgres: lake.postgres, s3: lake.s3, log: lake.log }, plan('slow', start)), { kind: 'fenced' });
    assert.deepEqual(await commitsOf(lake), commits);
  });

  test('a commit of another engine moves ours to the next version', async () => {
    const newest = await readNewestGeneration(lake.postgres);
    const taken = newest!.versions['clean_pins']! + 1;
    await lake.s3.put(
      `lake/clean_pins/${commitPath(taken)}`,
      Buffer.from(`${JSON.stringify({ commitInfo: { timestamp: 0, operation: 'OPTIMIZE' } })}\n`),
    );
    const { start } = await lake.closeInterval({});
    const generation = await publish({ postgres: lake.postgres, s3: lake.s3, log: lake.log }, plan('run-after', start));
    assert.equal(generation.versions['clean_pins'], taken + 1);
    assert.equal(generation.versions['clean_geo'], taken);
  });

  test('a column that is new to the code is written into the schema with the next commit', async () => {
    const { start } = await lake.closeInterval({});
    const wider = plan('run-wider', start);
    wider.changes[0] = { ...wider.changes[0]!, columns: [...wider.changes[0]!.columns, column('new_one', 'VARCHAR[]')] };
    const generation = await publish({ postgres: lake.postgres, s3: lake.s3, log: lake.log }, wider);
    const { metaData } = await lake.log.readSnapshot('clean_pins', generation.versions['clean_pins']!);
    assert.match(metaData!.schemaString, /"new_one","type":\{"type":"array","elementType":"string"/);
  });

  test('a bucket with another lake is refused with the next step', async () => {
    const other = await openLakeEnvironment({ topicPartitions: 1, s3Bucket: lake.s3.bucket });
    try {
      const { start } = await other.closeInterval({});
      await assert.rejects(
        publish({ postgres: other.postgres, s3: other.s3, log: makeDeltaLog(other.s3, other.cache) }, plan('run-x', start)),
        { kind: 'configuration', message: /use another S3_BUCKET/ },
      );
      assert.equal(await readPending(other.postgres), undefined, 'nothing that could never be finished was decided');
    } finally {
      await other.close();
    }
  });
});
