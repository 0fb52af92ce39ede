import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makePostgres } from '#adapters/postgres.ts';
import { categoryPerMinute } from '#domain/metrics/category-per-minute/metric.ts';
import { metrics } from '#domain/metrics/list.ts';
import { ensureMetricTables } from '#setup/metric-tables.ts';
import { environmentOf } from '#test/api/start-api.ts';
import type { CliResult } from '#test/cli/run-cli.ts';
import { runCli } from '#test/cli/run-cli.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const config = await testConfig();
const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 2 });
after(() => postgres.close());
const drop = (...args: string[]): Promise<CliResult> => runCli('cli/pinflow.ts', ['metrics', 'drop', ...args], environmentOf(config));

test('before the set-up, and for what is in the list, one sentence says what to do', async () => {
  const unprepared = await drop('old_metric');
  assert.deepEqual({ code: unprepared.code, stdout: unprepared.stdout }, { code: 1, stdout: '' });
  assert.match(unprepared.stderr, /run node workers\/setup\.ts\.\n$/);
  const listed = await drop(categoryPerMinute.name);
  assert.deepEqual({ code: listed.code, stdout: listed.stdout }, { code: 1, stdout: '' });
  assert.match(listed.stderr, /^pinflow: Metric category_per_minute is in the list of this code/);
  assert.equal((await drop()).code, 2);
});

test('what is left of a metric goes once it is asked in earnest', async () => {
  await migrate(postgres);
  await ensureMetricTables(postgres, [...metrics, { ...categoryPerMinute, name: 'old_metric' }]);
  await ensureMetricTables(postgres);
  const dry = await drop('old_metric', '--dry-run');
  assert.match(dry.stdout, /^Would drop what was left of metric old_metric: metrics\.old_metric_[0-9a-f]{8}\n$/);
  assert.equal(dry.code, 0);
  await postgres.query('SELECT * FROM metrics.old_metric');
  const { code, stdout } = await drop('old_metric', '--json');
  assert.equal(code, 0);
  const { dryRun, name, tables } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual({ dryRun, name, tables: (tables as unknown[]).length }, { dryRun: false, name: 'old_metric', tables: 1 });
  await assert.rejects(postgres.query('SELECT * FROM metrics.old_metric'));
  assert.equal((await drop('old_metric')).code, 1);
});
