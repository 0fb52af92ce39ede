import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { cleaningMacros, domainSql } from '#adapters/duckdb/sql-files.ts';
import { cleanFiles } from '#domain/clean/clean-files.ts';
import { kindSqlOf } from '#domain/kinds/list.ts';
import { overRelations } from '#test/domain/clean/over-relations.ts';

type Keyed = { identity: string; ms: number; partition: number; offset: number };
const order = (a: Keyed, b: Keyed): number => a.ms - b.ms || a.partition - b.partition || a.offset - b.offset;

function latestOracle(rows: Keyed[]): Keyed[] {
  const latest = new Map<string, Keyed>();
  for (const row of rows) {
    const best = latest.get(row.identity);
    if (best === undefined || order(row, best) > 0) latest.set(row.identity, row);
  }
  return [...latest.values()].toSorted((a, b) => (a.identity < b.identity ? -1 : 1));
}

const keyed = fc.uniqueArray(
  fc.record(
    {
      identity: fc.constantFrom('a', 'b', 'c', 'A', ' a', ''),
      ms: fc.oneof(fc.constantFrom(0, 1, 1_700_000_000_000), fc.nat(4_000_000_000_000)),
      partition: fc.constantFrom(0, 1, 65_535),
      offset: fc.oneof(fc.nat(3), fc.maxSafeNat()),
    },
    { noNullPrototype: true },
  ),
  { selector: ({ partition, offset }) => `${partition}/${offset}`, maxLength: 60 },
);
const tableOf = (rows: Keyed[]): string =>
  `SELECT * FROM (VALUES ${[...rows, null].map((row) => (row === null ? '(NULL::VARCHAR, NULL::TIMESTAMPTZ, NULL::INTEGER, NULL::BIGINT)' : `('${row.identity}', make_timestamptz(${row.ms * 1_000}), ${row.partition}, ${row.offset})`)).join()}) AS t(identity, append_time, partition, "offset") WHERE identity IS NOT NULL`;
const latest = domainSql(cleanFiles.latestPerIdentity);

for (const optimizers of ['with', 'without']) {
  test(`the latest of each identity is that of the oracle, ${optimizers} optimizers`, async () => {
    const seed = Date.now() % 2 ** 31;
    const duckdb = await openDuckdb({ threads: 2, memoryLimit: '256MB' });
    if (optimizers === 'without') await duckdb.run('PRAGMA disable_optimizer');
    const asText = `SELECT identity, epoch_ms(append_time) AS ms, partition, "offset" FROM latest ORDER BY identity`;
    await fc.assert(
      fc.asyncProperty(keyed, fc.nat(60), async (rows, cut) => {
        const expected = latestOracle(rows);
        assert.deepEqual(await duckdb.rows(`WITH keyed AS (${tableOf(rows)}), latest AS (${latest}) ${asText}`), expected);
        // The latest over parts is the latest over the parts' latest.
        const parts = [rows.slice(0, cut), rows.slice(cut)]
          .map((part) => `(${overRelations({ keyed: tableOf(part) }, latest)})`)
          .join(' UNION ALL ');
        assert.deepEqual(await duckdb.rows(`WITH keyed AS (${parts}), latest AS (${latest}) ${asText}`), expected);
      }),
      { numRuns: 40, seed, endOnFailure: true },
    );
    duckdb.close();
  });
}

test('only the winning records are cleaned, and rejects never win', async () => {
  const duckdb = await openDuckdb({ threads: 1, memoryLimit: '256MB' });
  await duckdb.run(cleaningMacros());
  await duckdb.run(`CREATE TABLE all_records AS SELECT 't' AS topic, 0 AS partition, o::BIGINT AS "offset", make_timestamptz(o * 1000000) AS append_time, NULL::VARCHAR AS event_id, NULL::VARCHAR AS received_at, v::JSON AS v, NULL::VARCHAR AS problem
    FROM (VALUES (0, '{"ind":1,"country":"old"}'), (1, '{"ind":1,"country":"new"}'), (2, '{"ind":1,"idx":2,"country":"x"}'), (3, '{"ind":2,"country":"only"}')) AS t(o, v)`);
  const clean = domainSql(kindSqlOf.geo.clean);
  await duckdb.run(
    `CREATE TABLE winners AS ${overRelations({ records: 'FROM all_records', cleaned: clean, keyed: domainSql(kindSqlOf.geo.keys) }, latest)}`,
  );
  const rows = await duckdb.rows(
    `WITH records AS (${domainSql(cleanFiles.winningRecords)}), cleaned AS (${clean}) SELECT ind, country, "offset" FROM cleaned ORDER BY ind`,
  );
  assert.deepEqual(rows, [
    { ind: 1, country: 'new', offset: 1 },
    { ind: 2, country: 'only', offset: 3 },
  ]);
  duckdb.close();
});

test('rejects keep their value as text or in base64', async () => {
  const duckdb = await openDuckdb({ threads: 1, memoryLimit: '256MB' });
  await duckdb.run(cleaningMacros());
  await duckdb.run(`CREATE TABLE raw_lines AS SELECT 't' AS topic, 0 AS p, o::BIGINT AS o, 1::BIGINT AS t, 'e' AS e, NULL::VARCHAR AS r, 'src' AS s, v::JSON AS v, b, x
    FROM (VALUES (0, '{"ind":1}', NULL, NULL), (1, '{"x":1}', NULL, NULL), (2, NULL, 'WzFd', 'not_an_object'), (3, NULL, '/w==', 'invalid_utf8'), (4, NULL, NULL, 'malformed_json')) AS t(o, v, b, x)`);
  const rows = await duckdb.rows(
    `WITH records AS (${domainSql(cleanFiles.fromRawLines)}), cleaned AS (${domainSql(kindSqlOf.geo.clean)}), kind_name AS (SELECT 'geo' AS kind) SELECT * FROM (${domainSql(cleanFiles.rejects)}) ORDER BY "offset"`,
  );
  assert.deepEqual(
    rows.map(({ kind, reason, offset, source, value, encoding }) => [kind, reason, offset, source, value, encoding]),
    [
      ['geo', 'wrong_kind', 1, 'src', '{"x":1}', 'text'],
      ['geo', 'not_an_object', 2, 'src', '[1]', 'text'],
      ['geo', 'invalid_utf8', 3, 'src', '/w==', 'base64'],
      ['geo', 'malformed_json', 4, 'src', null, null],
    ],
  );
  duckdb.close();
});
