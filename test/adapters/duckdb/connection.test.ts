import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Duckdb } from '#adapters/duckdb/connection.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { domainSqlBelow } from '#adapters/duckdb/sql-files.ts';
import { codeVersion } from '#domain/clean/code-version.ts';
import { Failure } from '#domain/failures.ts';

describe('DuckDB in this process', () => {
  let duckdb: Duckdb;
  before(async () => {
    duckdb = await openDuckdb({ threads: 2, memoryLimit: '200MB' });
  });
  after(() => duckdb.close());

  test('has the settings that every connection needs', async () => {
    const [row] =
      await duckdb.rows(`SELECT current_setting('disabled_optimizers') AS optimizers, current_setting('TimeZone') AS zone, current_setting('autoinstall_known_extensions') AS install, current_setting('autoload_known_extensions') AS load,
      current_setting('allow_community_extensions') AS community, current_setting('preserve_insertion_order') AS keep, current_setting('threads') AS threads, current_setting('memory_limit') AS memory, current_setting('temp_directory') AS temp`);
    assert.deepEqual(
      { ...row, optimizers: (row!['optimizers'] as string).split(',').toSorted() },
      {
        optimizers: ['top_n_window_elimination', 'window_self_join'],
        zone: 'UTC',
        install: false,
        load: false,
        community: false,
        keep: false,
        threads: 2,
        memory: '190.7 MiB',
        temp: '',
      },
    );
  });

  test('gives plain values', async () => {
    const [row] =
      await duckdb.rows(`SELECT 1::BIGINT AS small, 9223372036854775807 AS large, 170141183460469231731687303715884105727::HUGEINT AS huge, 1.50::DECIMAL(5,2) AS decimal, 'NaN'::DOUBLE AS nan, true AS yes, NULL AS nothing, [1, NULL] AS list, {'a': [DATE '2020-01-02']} AS struct,
      TIMESTAMPTZ '1969-12-31 23:59:59.5+00' AS instant, TIMESTAMP '2020-01-02 03:04:05.000006' AS clock, '\\xFF'::BLOB AS bytes, map {'k': 1} AS map, '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d'::UUID AS id`);
    assert.deepEqual(row, {
      small: 1,
      large: '9223372036854775807',
      huge: '170141183460469231731687303715884105727',
      decimal: '1.50',
      nan: 'NaN',
      yes: true,
      nothing: null,
      list: [1, null],
      struct: { a: ['2020-01-02'] },
      instant: '1969-12-31T23:59:59.500000Z',
      clock: '2020-01-02T03:04:05.000006',
      bytes: '/w==',
      map: { k: 1 },
      id: '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d',
    });
  });

  test('gives columns, empty ones too', async () => {
    assert.deepEqual(await duckdb.columns('SELECT range AS n, $1 AS text FROM range(2)', ['x']), {
      rows: 2,
      columns: { n: [0, 1], text: ['x', 'x'] },
    });
    assert.deepEqual(await duckdb.columns('SELECT 1 AS n WHERE false'), { rows: 0, columns: { n: [] } });
  });

  test('queues what is called side by side', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => duckdb.rows(`SELECT ${i} AS i`)));
    assert.deepEqual(
      all.map((rows) => rows[0]!['i']),
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  const failures: [what: string, sql: string, kind: string][] = [
    ['a syntax error', 'SELEC 1', 'fault'],
    ['an unknown column', 'SELECT nothing', 'fault'],
    ['an unknown table', 'FROM nothing', 'fault'],
    ['an unknown function', 'SELECT nothing(1)', 'fault'],
    ['types that fit no function', `SELECT sqrt(DATE '2020-01-01')`, 'fault'],
    ['what the engine does not have', `SELECT TIMESTAMP '2020-01-01' AT TIME ZONE 'Nowhere'`, 'fault'],
    ['a failed cast', `SELECT 'x'::INTEGER`, 'invalid_data'],
    ['a value that a function refuses', `SELECT unhex(t) FROM (VALUES ('!')) v(t)`, 'invalid_data'],
    ['an overflow', 'SELECT 9223372036854775807 + n FROM (VALUES (1)) v(n)', 'invalid_data'],
    ['a missing file', `FROM read_json('/nonexistent/x.json', columns = {a: 'INTEGER'})`, 'missing'],
    ['too little memory', 'SELECT max(s) FROM (SELECT repeat(range::VARCHAR, 100) AS s FROM range(50000000) GROUP BY ALL)', 'exhausted'],
  ];
  for (const [what, sql, kind] of failures)
    test(`${what} is a failure ${kind}`, () =>
      assert.rejects(duckdb.rows(sql), (error) => error instanceof Failure && error.kind === kind));

  test('interrupt ends the running statement', async () => {
    const running = assert.rejects(
      duckdb.rows('SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1'),
      (error) => error instanceof Failure && error.kind === 'timeout',
    );
    const timer = setInterval(() => duckdb.interrupt(), 50);
    await running;
    clearInterval(timer);
  });
});

test('the code version changes with any cleaning SQL', () => {
  const texts = { ...domainSqlBelow('clean'), ...domainSqlBelow('kinds') };
  assert.ok(Object.keys(texts).includes('kinds/pin/clean.sql') && Object.keys(texts).includes('kinds/pin/keys.sql'));
  const version = codeVersion(texts);
  assert.match(version, /^[0-9a-f]{64}$/);
  assert.equal(codeVersion(Object.fromEntries(Object.entries(texts).toReversed())), version);
  assert.notEqual(codeVersion({ ...texts, 'kinds/pin/clean.sql': `${texts['kinds/pin/clean.sql']} ` }), version);
});
