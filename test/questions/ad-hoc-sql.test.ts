import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import { runAdHocSql } from '#questions/ad-hoc-sql.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import { openGeneration } from '#activities/lake/open-generation.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { publish } from '#activities/lake/publish.ts';
import { startAdHocProcess } from '#adapters/duckdb/ad-hoc.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { lakeTableShapes } from '#domain/lake/tables.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { pinJson } from '#test/support/environment.ts';

describe('ad-hoc SQL', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
    await lake.land(
      'pin',
      0,
      0,
      ['a', 'b', 'c'].map((id) => pinJson(id)),
    );
    await lake.run(await lake.closeInterval({ pin: { 0: 3 } }));
  });
  after(() => lake.close());

  const taken: [sql: string, rows: number][] = [
    ['SELECT 1 AS one;', 1],
    ['-- a comment\nWITH x AS (FROM pins) SELECT * FROM x', 3],
    ['FROM pins', 3],
    ['DESCRIBE pins', 20],
    ['SUMMARIZE SELECT category FROM pins', 1],
    ['SHOW TABLES', 7],
    ['EXPLAIN SELECT * FROM pins', 1],
    ['/* why */ EXPLAIN ANALYZE SELECT count(*) FROM pins', 1],
    ['VALUES (1), (2)', 2],
    ['SELECT * FROM lake.clean_pins', 3],
  ];
  for (const [sql, rows] of taken) {
    test(`taken: ${sql.replaceAll('\n', ' ')}`, async () => {
      const answer = await lake.sql(sql);
      assert.equal(answer.rows.length, rows, JSON.stringify(answer));
      assert.equal(answer.truncated, false);
      assert.equal(answer.generation, 1);
    });
  }

  const refused: [sql: string, message: RegExp][] = [
    ['SELECT nope FROM pins', /Binder Error: Referenced column "nope" not found/],
    ['SELECT * FROM nowhere', /Catalog Error: Table with name nowhere does not exist/],
    ['SELECT * FROM raw_pin', /Raw records are in the raw objects/],
    ['SELEC 1', /Parser Error/],
    ['', /There is no statement/],
    ['  -- nothing\n;', /There is no statement/],
    ['SELECT 1; SELECT 2', /These are 2 statements/],
    ['CREATE TABLE t (i INT)', /Only SELECT.* and this is CREATE/],
    ['DROP VIEW pins', /this is DROP/],
    ['SET threads = 64', /this is SET/],
    [`COPY pins TO '/tmp/pinflow-never.csv'`, /Permission Error/],
    [`EXPLAIN ANALYZE COPY pins TO '/tmp/pinflow-never.csv'`, /Permission Error/],
    [`EXPLAIN (ANALYZE, FORMAT json) COPY pins TO '/tmp/pinflow-never.csv'`, /Permission Error/],
    [`ATTACH '/tmp/pinflow-never.db'`, /this is ATTACH/],
    [`INSTALL httpfs`, /Only SELECT/],
    [`SELECT * FROM read_text('/etc/passwd')`, /Permission Error/],
    [`SELECT * FROM read_csv('/etc/hostname')`, /Permission Error/],
    [`SELECT * FROM glob('/etc/*')`, /Permission Error/],
    [`SELECT * FROM '/etc/hostname.csv'`, /Permission Error/],
  ];
  for (const [sql, message] of refused) {
    test(`refused: ${sql.replaceAll('\n', ' ') || '(nothing)'}`, async () => {
      await assert.rejects(lake.sql(sql), { name: 'Failure', message });
      assert.equal(existsSync('/tmp/pinflow-never.csv'), false);
    });
  }

  test('not even the files that the views read can be written', async () => {
    const opened = await openGeneration({ postgres: lake.postgres, log: lake.log, cache: lake.cache }, join(lake.config.home, 'opened'));
    const { views: setup, files } = opened;
    // As runAdHocSql asks, over files whose names are known here.
    const ask = (sql: string): Promise<unknown> =>
      startAdHocProcess().run(
        Promise.resolve({
          settings: { threads: 1, memoryLimit: '256MB' },
          setup,
          files,
          sql,
          rowsMax: 1,
          bytesMax: 1_000,
          timeoutMs: 60_000,
        }),
      );
    const before = await readFile(files[0]!);
    for (const sql of [
      'COPY pins TO',
      'EXPLAIN ANALYZE COPY pins TO',
      'EXPLAIN (ANALYZE, FORMAT json) COPY pins TO',
      '/* - */ explain\nanalyze copy pins to',
    ]) {
      await assert.rejects(ask(`${sql} '${files[0]}'`), { message: /Only SELECT.* and this is (COPY|EXPLAIN)/ }, sql);
    }
    assert.ok((await readFile(files[0]!)).equals(before));
  });

  test('rows are cut at the limit, and the answer says so', async () => {
    const answer = await lake.sql('SELECT i FROM range(1000000) t(i)', { rowsMax: 10 });
    assert.deepEqual([answer.rows.length, answer.truncated], [10, true]);
    assert.equal((await lake.sql('SELECT i FROM range(10) t(i)', { rowsMax: 10 })).truncated, false);
  });

  test('a query without end is ended at its limit', async () => {
    await assert.rejects(lake.sql('SELECT count(*) FROM range(10000000000) a, range(10000000000) b', { timeoutMs: 200 }), {
      kind: 'timeout',
      message: /longer than 200 ms/,
    });
  });

  test('values survive JSON', async () => {
    const { rows } = await lake.sql(
      `SELECT 9007199254740993 AS big, 1.50::DECIMAL(9,2) AS exact, TIMESTAMPTZ '2020-01-01 00:00:00.000001+00' AS at, [1, NULL] AS list, {'a': 'b'} AS struct, 'NaN'::DOUBLE AS nan, NULL AS nothing, true AS yes`,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(rows)), [
      {
        big: '9007199254740993',
        exact: '1.50',
        at: '2020-01-01T00:00:00.000001Z',
        list: [1, null],
        struct: { a: 'b' },
        nan: 'NaN',
        nothing: null,
        yes: true,
      },
    ]);
  });

  test('the same question from several processes at once finds the same local copies', async () => {
    const config = { ...lake.config, home: join(lake.config.home, 'another') };
    const ask = (): ReturnType<typeof runAdHocSql> =>
      runAdHocSql({ config, postgres: lake.postgres, s3: lake.s3, sql: 'SELECT count(*) AS n FROM pins' });
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(
      answers.map(({ rows }) => rows),
      [[{ n: 3 }], [{ n: 3 }], [{ n: 3 }]],
    );
  });

  test('a cache that holds less than one question needs answers it, and is back within its bounds afterwards', async () => {
    const config = { ...lake.config, home: join(lake.config.home, 'small'), lakeCacheBytes: 1 };
    const { rows } = await runAdHocSql({ config, postgres: lake.postgres, s3: lake.s3, sql: 'SELECT count(*) AS n FROM pins' });
    assert.deepEqual(rows, [{ n: 3 }]);
    const left = (await readdir(config.home, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    assert.deepEqual(
      left.map(({ name }) => name),
      ['.trimmed'],
    );
  });

  test('local copies serve again without a request to S3', async () => {
    const cache = makeLakeCache(lake.s3, lake.config.home);
    await openGeneration({ postgres: lake.postgres, log: makeDeltaLog(lake.s3, cache), cache }, join(lake.config.home, 'held-before'));
    const away = { ...lake.s3, download: () => Promise.reject(new Error('asked S3')), get: () => Promise.reject(new Error('asked S3')) };
    const local = makeLakeCache(away, lake.config.home);
    const { files } = await openGeneration(
      { postgres: lake.postgres, log: makeDeltaLog(away, local), cache: local },
      join(lake.config.home, 'held'),
    );
    assert.equal(files.length, 1);
  });

  test('a file that is older than a column shows NULL there', async () => {
    const older = join(lake.config.home, 'older.parquet');
    const duckdb = await openDuckdb({ threads: 1, memoryLimit: '256MB' });
    await duckdb.run(
      `COPY (SELECT 'old' AS unique_id, TIMESTAMPTZ '2020-01-01 00:00:00+00' AS append_time, 0 AS "partition", 99::BIGINT AS "offset") TO '${older}' (FORMAT parquet)`,
    );
    duckdb.close();
    const { bytes } = await lake.s3.upload(older, 'lake/clean_pins/older.parquet');
    const { start } = await lake.closeInterval({});
    const change: TableChange = {
      table: 'clean_pins',
      columns: lakeTableShapes.clean_pins.columns,
      partitioned: true,
      replaces: 'interval',
      files: [{ path: 'older.parquet', bytes, rows: 1, partitionDate: '2020-01-01' }],
    };
    const counts = { records: 1, clean: 1, rejects: 0, duplicates: 0 };
    await beginRun(lake.postgres, { start, run: 'older' });
    await publish(
      { postgres: lake.postgres, s3: lake.s3, log: lake.log },
      { run: 'older', cause: 'interval', interval: start, changes: [change], contentSha256: '', codeVersion: '', counts },
    );
    assert.deepEqual((await lake.sql(`SELECT unique_id, category FROM pins ORDER BY 1`)).rows.slice(2), [
      { unique_id: 'c', category: 'art' },
      { unique_id: 'old', category: null },
    ]);
  });

  test('a generation that is not there is named', async () => {
    await assert.rejects(lake.sql('SELECT 1', { generation: 999 }), { kind: 'missing', message: /no generation 999/ });
  });
});
