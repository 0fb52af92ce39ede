import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dropMetric } from '#interventions/drop-metric.ts';
import { categoryPerMinute } from '#domain/metrics/category-per-minute/metric.ts';
import { metrics } from '#domain/metrics/list.ts';
import type { Mart } from '#domain/metrics/metric.ts';
import { pinsPerCategory } from '#domain/metrics/pins-per-category/metric.ts';
import { assertMetricTables, ensureMetricTables } from '#setup/metric-tables.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment } from '#test/support/environment.ts';

const without = metrics.filter((metric) => metric !== categoryPerMinute && metric !== pinsPerCategory);

describe('dropping a metric', () => {
  let environment: Environment;
  before(async () => {
    environment = await openEnvironment();
  });
  after(() => environment.close());

  const standing = async (): Promise<unknown[]> =>
    (
      await environment.postgres.query(
        `SELECT relname FROM pg_class WHERE relnamespace IN ('metrics'::regnamespace, 'marts'::regnamespace) AND relkind IN ('r', 'v') ORDER BY 1`,
      )
    ).map((row) => String(row['relname']).replace(/_[0-9a-f]{8}$/, ' table'));
  const all = [
    'category_per_minute',
    'category_per_minute table',
    'pins_per_category',
    'popular_category_per_year',
    'profile_popularity',
    'profile_popularity table',
  ];

  test('one that is in the list, still kept up, or unheard of is refused, and nothing goes', async () => {
    for (const { name } of metrics)
      await assert.rejects(dropMetric(environment.postgres, { name, dryRun: false }), { kind: 'conflict', message: /is in the list/ });
    for (const { name } of [categoryPerMinute, pinsPerCategory])
      await assert.rejects(dropMetric(environment.postgres, { name, dryRun: false }, without), {
        kind: 'conflict',
        message: /still kept up/,
      });
    await assert.rejects(dropMetric(environment.postgres, { name: 'unheard_of', dryRun: false }), { kind: 'missing' });
    assert.deepEqual(await standing(), all);
  });

  test('one that left the list goes with its view and its account, once it is asked in earnest; the others stay', async () => {
    await environment.postgres.execute(`INSERT INTO pinflow.mart (name) VALUES ('pins_per_category'), ('popular_category_per_year')`);
    await ensureMetricTables(environment.postgres, without);
    for (const { name } of [categoryPerMinute, pinsPerCategory]) {
      const { tables } = await dropMetric(environment.postgres, { name, dryRun: true }, without);
      assert.equal(tables.length, 1);
      assert.deepEqual(await dropMetric(environment.postgres, { name, dryRun: false }, without), { dryRun: false, name, tables });
      await assert.rejects(dropMetric(environment.postgres, { name, dryRun: false }, without), { kind: 'missing' });
    }
    assert.deepEqual(await standing(), ['popular_category_per_year', 'profile_popularity', 'profile_popularity table']);
    assert.deepEqual(await environment.postgres.query('SELECT name FROM pinflow.mart'), [{ name: 'popular_category_per_year' }]);
  });

  test('of one name in two forms both must be out of use, and both go', async () => {
    const both: Mart = { ...pinsPerCategory, name: categoryPerMinute.name };
    await ensureMetricTables(environment.postgres, [...without, both, categoryPerMinute]);
    await ensureMetricTables(environment.postgres, [...without, both]);
    const dropped = { name: both.name, dryRun: false };
    await assert.rejects(dropMetric(environment.postgres, dropped, without), { kind: 'conflict', message: /still kept up/ });
    await ensureMetricTables(environment.postgres, without);
    assert.equal((await dropMetric(environment.postgres, dropped, without)).tables.length, 2);
    assert.deepEqual(await standing(), ['popular_category_per_year', 'profile_popularity', 'profile_popularity table']);
  });

  test("a person's view over one keeps it, and is named; without the view it goes", async () => {
    const { postgres } = environment;
    await ensureMetricTables(postgres, [...without, categoryPerMinute]);
    await ensureMetricTables(postgres, without);
    await postgres.execute('CREATE VIEW public.busy AS SELECT * FROM metrics.category_per_minute WHERE pins > 100');
    const dropped = { name: categoryPerMinute.name, dryRun: false };
    await assert.rejects(dropMetric(postgres, dropped, without), {
      kind: 'configuration',
      message: /view busy depends on view metrics\.category_per_minute.*Drop what depends on it/,
    });
    await postgres.execute('DROP VIEW public.busy');
    await dropMetric(postgres, dropped, without);
  });

  test('it can come back', async () => {
    await ensureMetricTables(environment.postgres);
    await assertMetricTables(environment.postgres);
    assert.deepEqual(await standing(), all);
  });
});
