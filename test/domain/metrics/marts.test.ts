import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Duckdb } from '#adapters/duckdb/connection.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import { metrics } from '#domain/metrics/list.ts';
import { pinsPerCategory } from '#domain/metrics/pins-per-category/metric.ts';
import { popularCategoryPerYear } from '#domain/metrics/popular-category-per-year/metric.ts';

describe('marts', () => {
  let duckdb: Duckdb;
  before(async () => {
    duckdb = await openDuckdb({ threads: 1, memoryLimit: '256MB' });
    await duckdb.run(`
      CREATE TABLE pins AS SELECT * FROM (VALUES ('a', 1, 'art'), ('b', 2, 'art'), ('c', 3, 'travel'), ('d', 4, 'travel'), ('e', 5, NULL), ('f', 6, 'quotes'), ('g', NULL, 'quotes')) AS t(unique_id, ind, category);
      CREATE TABLE geo AS SELECT ind::BIGINT AS ind, stamp::TIMESTAMPTZ AS "timestamp" FROM (VALUES (1, '2020-12-31 23:59:59+00'), (2, '2021-01-01 00:30:00+01'), (3, '2020-06-01 00:00:00+00'), (4, '2020-07-01 00:00:00+00'), (5, '2020-07-01 00:00:00+00'), (6, NULL)) AS t(ind, stamp);
      CREATE TABLE users AS SELECT 1::BIGINT AS ind`);
  });
  after(() => duckdb.close());

  test('pins per category counts posts, those without a category too', async () => {
    assert.deepEqual(await duckdb.rows(domainSql(pinsPerCategory.batchSql)), [
      { category: 'art', pins: 2 },
      { category: 'quotes', pins: 2 },
      { category: 'travel', pins: 2 },
      { category: null, pins: 1 },
    ]);
  });

  test('all tied categories of a year are there, by UTC year', async () => {
    assert.deepEqual(await duckdb.rows(domainSql(popularCategoryPerYear.batchSql)), [
      { post_year: 2020, category: 'art', category_count: 2 },
      { post_year: 2020, category: 'travel', category_count: 2 },
    ]);
  });

  test('every mart gives the columns that it declares', async () => {
    for (const { batchSql, columns } of metrics) {
      const described = await duckdb.rows(`DESCRIBE ${domainSql(batchSql)}`);
      const names: Record<string, string> = { 'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ' };
      assert.deepEqual(
        described.map((row) => [row['column_name'], names[row['column_type'] as string] ?? row['column_type']]),
        columns.map(({ name, duckdb: type }) => [name, type]),
      );
    }
  });
});
