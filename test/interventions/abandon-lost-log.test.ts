import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import { abandonPending } from '#interventions/abandon.ts';
import type { DeltaLog } from '#activities/lake/delta-log.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import { readPending } from '#activities/lake/lake-lock.ts';
import { finishPending, publish as publishPlan } from '#activities/lake/publish.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { commitPath } from '#domain/lake/delta.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { lakeTables } from '#domain/names.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { plan, publish, stage } from '#test/activities/lake/publish-run.ts';

let lake: LakeEnvironment;
before(async () => {
  lake = await openLakeEnvironment({ topicPartitions: 1 });
});
after(() => lake.close());

/** A process that has read nothing of the lake yet. */
const freshLog = (s3: S3 = lake.s3): DeltaLog => makeDeltaLog(s3, makeLakeCache(s3, mkdtempSync(join(tmpdir(), 'pinflow-test-'))));

async function lose(key: string): Promise<() => Promise<void>> {
  const bytes = await lake.s3.get(key);
  await lake.s3.delete([key]);
  return () => lake.s3.put(key, bytes);
}

describe('a run’s commit is taken back though the table before it cannot be read', () => {
  const released = { run: 'run', abandonment: 'abandonment' };
  const columnsOf = (names: string): TableChange['columns'] => names.split('').map((name) => ({ name, delta: 'long' }));

  /** A table of its own: first.parquet, then second.parquet in its place, then third.parquet in that one's by the run. */
  async function laid(table: string, columns = ['a', 'a', 'a']): Promise<{ change: TableChange; pathOf: (version: number) => string }> {
    const changes = ['first', 'second', 'third'].map((name, i): TableChange => ({
      table,
      columns: columnsOf(columns[i]!),
      partitioned: false,
      replaces: 'all',
      files: [{ path: `${name}.parquet`, bytes: 1, rows: 1 }],
    }));
    const log = freshLog();
    assert.equal(await log.commit(changes[0]!, { run: 'one' }, -1), 0);
    assert.equal(await log.commit(changes[1]!, { run: 'two' }, 0), 1);
    const change = changes[2]!;
    assert.equal(await log.commit(change, { run: 'run' }, 1), 2);
    return { change, pathOf: (version) => `lake/${table}/${commitPath(version)}` };
  }
  const columnsAt = async (table: string, version: number): Promise<string> => {
    const { schemaString } = (await freshLog().readSnapshot(table, version)).metaData!;
    return (JSON.parse(schemaString) as { fields: { name: string }[] }).fields.map(({ name }) => name).join('');
  };
  const nothingLost = { notPutBack: [], columnsNotPutBack: false };
  const filesOf = async (table: string, version: number): Promise<string[]> =>
    (await freshLog().readSnapshot(table, version)).files.map(({ path }) => path);

  test('what it removed is put back from where it was added', async () => {
    const { change, pathOf } = await laid('m_lost_first');
    const mend = await lose(pathOf(0));
    assert.deepEqual(await freshLog().restore(change, released, 1), { version: 3, committed: 2, ...nothingLost });
    await mend();
    assert.deepEqual(await filesOf('m_lost_first', 3), ['second.parquet']);
  });

  for (const [what, spoil] of [
    ['is lost', (key: string) => lake.s3.delete([key])],
    ['is no commit', (key: string) => lake.s3.put(key, Buffer.from('not JSON'))],
  ] as const) {
    test(`only its own files are removed where the commit that would tell ${what}, and that is said`, async () => {
      const table = `m_${what.replaceAll(' ', '_')}`;
      const { change, pathOf } = await laid(table);
      const bytes = await lake.s3.get(pathOf(1));
      await spoil(pathOf(1));
      const expected = { version: 3, committed: 2, notPutBack: ['second.parquet'], columnsNotPutBack: false };
      assert.deepEqual(await freshLog().restore(change, released, 1), expected);
      assert.deepEqual(await freshLog().restore(change, released, 1), expected, 'whoever comes again finds it done');
      await lake.s3.put(pathOf(1), bytes);
      assert.deepEqual(await filesOf(table, 3), []);
    });
  }

  test('its columns and what another engine put on top of it are taken back too', async () => {
    const { change, pathOf } = await laid('m_columns', ['a', 'ab', 'abc']);
    const added = { path: 'compacted.parquet', partitionValues: {}, size: 1, modificationTime: 0, dataChange: false };
    const actions = [{ commitInfo: { operation: 'OPTIMIZE' } }, { remove: { path: 'third.parquet' } }, { add: added }];
    await lake.s3.put(pathOf(3), Buffer.from(actions.map((one) => JSON.stringify(one)).join('\n')));
    const mend = await lose(pathOf(0));
    assert.deepEqual(await freshLog().restore(change, released, 1), { version: 4, committed: 2, ...nothingLost });
    await mend();
    assert.equal(await columnsAt('m_columns', 4), 'ab');
    assert.deepEqual(await filesOf('m_columns', 4), ['second.parquet']);
  });

  test('its columns stay where a lost commit may have changed them, and that is said', async () => {
    const { change, pathOf } = await laid('m_widened', ['a', 'ab', 'abc']);
    const mend = await lose(pathOf(1));
    const expected = { version: 3, committed: 2, notPutBack: ['second.parquet'], columnsNotPutBack: true };
    assert.deepEqual(await freshLog().restore(change, released, 1), expected);
    assert.deepEqual(await freshLog().restore(change, released, 1), expected, 'whoever comes again finds it done');
    await mend();
    assert.equal(await columnsAt('m_widened', 3), 'abc');
  });

  test('behind an entry that is no commit nothing is written: nobody could read the table after that', async () => {
    const { change, pathOf } = await laid('m_no_commit');
    await lake.s3.put(pathOf(3), Buffer.from('not JSON'));
    for (const run of ['run', 'one-that-committed-nothing'])
      await assert.rejects(freshLog().restore(change, { ...released, run }, 2), { kind: 'configuration', message: /is no commit/ });
    await lake.s3.delete([pathOf(3)]);
    const restored = await freshLog().restore(change, { ...released, run: 'one-that-committed-nothing' }, 2);
    assert.deepEqual(restored, { version: 3, committed: null, ...nothingLost });
    assert.deepEqual(await filesOf('m_no_commit', 3), ['third.parquet']);
  });

  test('an outage is no lost commit: it is waited for', async () => {
    const { change, pathOf } = await laid('m_outage');
    const s3: S3 = {
      ...lake.s3,
      download(key, file) {
        if (key === pathOf(1)) throw new Failure('unavailable', 'S3 is away');
        return lake.s3.download(key, file);
      },
    };
    await assert.rejects(freshLog(s3).restore(change, released, 1), { kind: 'unavailable' });
    assert.deepEqual((await freshLog().restore(change, released, 1)).notPutBack, []);
    assert.deepEqual(await filesOf('m_outage', 3), ['second.parquet']);
  });
});

describe('a publish that committed one table and cannot finish the next', () => {
  const wish = { why: 'the log is lost', dryRun: false };
  const halfDone: S3['putIfAbsent'] = (key, bytes) => {
    if (key.startsWith('lake/clean_geo/')) throw new Failure('denied', 'no rights');
    return lake.s3.putIfAbsent(key, bytes);
  };

  async function leaveHalfDone(run: string): Promise<string> {
    const { start } = await lake.closeInterval({});
    const s3 = { ...lake.s3, putIfAbsent: halfDone };
    await beginRun(lake.postgres, { start, run });
    await stage(lake.s3, plan(run, start));
    await assert.rejects(publishPlan({ postgres: lake.postgres, s3, log: freshLog(s3) }, plan(run, start)), { kind: 'denied' });
    return start;
  }
  before(async () => {
    await publish(lake, plan('before', (await lake.closeInterval({})).start));
  });

  test('is let go though a commit that the generation stands on was lost in between', async () => {
    const start = await leaveHalfDone('half');
    const version = (await readNewestGeneration(lake.postgres))!.versions['clean_pins']!;
    const mend = await lose(`lake/clean_pins/${commitPath(version)}`);
    const { tables, generation } = await abandonPending({ postgres: lake.postgres, s3: lake.s3, log: freshLog() }, wish, 'user tester');
    assert.deepEqual(
      tables.map(({ committed, notPutBack, columnsNotPutBack }) => [committed, notPutBack, columnsNotPutBack]),
      [[version + 1, [], false], ...lakeTables.slice(1).map(() => [null, [], false])],
    );
    assert.equal(await readPending(lake.postgres), undefined, 'nobody waits any more');
    assert.equal((await readNewestGeneration(lake.postgres))?.id, generation);
    await mend();
    const log = freshLog();
    await publish({ ...lake, log }, plan('half-anew', start));
    const newest = (await readNewestGeneration(lake.postgres))!.versions['clean_pins']!;
    const day = start.slice(0, 10);
    assert.deepEqual(
      (await log.readSnapshot('clean_pins', newest)).files.map(({ path }) => path),
      [`dt=${day}/before.parquet`, `dt=${day}/half-anew.parquet`],
    );
  });

  test('is decided to be let go while S3 is away, and whoever comes next carries that out', async () => {
    const start = await leaveHalfDone('away');
    const s3: S3 = { ...lake.s3, get: () => Promise.reject(new Failure('unavailable', 'S3 is away')) };
    await assert.rejects(abandonPending({ postgres: lake.postgres, s3, log: freshLog(s3) }, wish, 'user tester'), {
      kind: 'unavailable',
      message: /is decided, and could not be carried out yet: S3 is away/,
    });
    assert.equal((await readPending(lake.postgres))?.abandon?.why, wish.why);
    assert.equal((await finishPending(lake))?.cause, 'abandonment');
    await assert.rejects(publishPlan(lake, plan('away', start)), { kind: 'fenced' });
  });
});
