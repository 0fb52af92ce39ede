import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makePostgres } from '#adapters/postgres.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import { Failure } from '#domain/failures.ts';
import { makeNames } from '#domain/names.ts';
import { quietLog } from '#test/support/environment.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';
import { setUp } from '#workers/setup.ts';

/** Setting up runs at every start, and two of them may meet: all must find what the first one chose. */
const config = await testConfig();
const names = makeNames(config.prefix);
const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
const client = await connectTemporal(config);
after(async () => {
  await client.connection.close();
  await postgres.close();
});

async function chosen(): Promise<unknown> {
  const workflows = await Promise.all(
    [names.workflowIds.landing, names.workflowIds.stream].map((id) => client.workflow.getHandle(id).describe()),
  );
  return {
    migrations: await postgres.query(`SELECT name, applied_at FROM pinflow.migration ORDER BY number`),
    settings: await postgres.query(`SELECT key, value FROM pinflow.setting ORDER BY key`),
    cuts: await postgres.query(`SELECT at, topic, partition, "offset" FROM pinflow.cut ORDER BY 1, 2, 3`),
    runs: workflows.map(({ runId, status }) => [runId, status.name]),
    schedules: await Promise.all(
      [names.scheduleId, names.cleanupScheduleId].map(async (id) => (await client.schedule.getHandle(id).describe()).scheduleId),
    ),
  };
}

test('two at once, and one more later, leave one bucket, one origin, the schedules and one run of each reader', async () => {
  await Promise.all([setUp(config, quietLog), setUp(config, quietLog)]);
  const first = (await chosen()) as { settings: unknown[]; cuts: unknown[]; runs: [string, string][] };
  assert.equal(first.settings.length, 1);
  assert.equal(first.cuts.length, names.topics.length * config.topicPartitions, 'one boundary: the origin');
  assert.deepEqual(
    first.runs.map(([, status]) => status),
    ['RUNNING', 'RUNNING'],
  );
  await setUp(config, quietLog);
  assert.deepEqual(await chosen(), first);
});

test('a migration that was edited after it was applied is refused with the next step', async () => {
  await postgres.execute(`UPDATE pinflow.migration SET sha256 = 'another' WHERE number = 1`);
  await assert.rejects(
    migrate(postgres),
    (error) => error instanceof Failure && error.kind === 'configuration' && /never edited/.test(error.message),
  );
});
