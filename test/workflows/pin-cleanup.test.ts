import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { connectTemporal } from '#adapters/temporal.ts';
import { workflowTypes } from '#domain/names.ts';
import { cleanupTargets } from '#domain/retention.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { ensureCleanupSchedule } from '#workers/schedule.ts';
import { makeWorkerOptions } from '#workers/worker-options.ts';
import type { CleanupInput, CleanupResult } from '#workflows/pin-cleanup.ts';

let environment: Environment;
let client: Client;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;

before(async () => {
  environment = await openEnvironment({ topicPartitions: 1 });
  const { config } = environment;
  client = await connectTemporal(config);
  connection = await NativeConnection.connect({ address: config.temporalAddress });
  const options = await makeWorkerOptions(config, environment, quietLog)('control');
  worker = await Worker.create({ ...options, connection, namespace: config.temporalNamespace });
  running = worker.run();
});
after(async () => {
  worker.shutdown();
  await running;
  await connection.close();
  await client.connection.close();
  await environment.close();
});

const layOldRefusals = (rows: number): Promise<number> =>
  environment.postgres.execute(
    `INSERT INTO pinflow.door_refusal (minute, route, status, reason, key_id, source, kind, count, last_at, last_request_id, last_message, last_client)
     SELECT now() - interval '8 days', 'pin', 422, 'r', '', i::text, 'pin', 1, now(), '', '', '' FROM generate_series(1, $1::int) i`,
    [rows],
  );

test('the schedule runs the clean-up, which removes what is old and says so', async () => {
  await layOldRefusals(2_500);
  await ensureCleanupSchedule(client, environment.config, environment.names);
  const schedule = client.schedule.getHandle(environment.names.cleanupScheduleId);
  await schedule.trigger();
  const action = await waitFor(async () => (await schedule.describe()).info.recentActions[0], { what: 'a run of the schedule' });
  const handle = client.workflow.getHandle(action.action.workflow.workflowId);
  assert.match(handle.workflowId, new RegExp(`^${environment.names.prefix}pin-cleanup-`));
  const result = (await handle.result()) as CleanupResult;
  assert.deepEqual(result, { ...Object.fromEntries(cleanupTargets.map((target) => [target, 0])), door_refusal: 2_500 });
  assert.deepEqual(await environment.postgres.query('SELECT 1 FROM pinflow.door_refusal'), []);
  await schedule.delete();
});

test('a target that fails does not keep the next from its turn, and the run ends as failed', async () => {
  await layOldRefusals(3);
  const input: CleanupInput = { prefix: environment.names.prefix, targets: ['no such target', 'door_refusal'] };
  const run = client.workflow.execute(workflowTypes.cleanup, {
    workflowId: `${environment.names.prefix}cleanup-${randomUUID()}`,
    taskQueue: environment.names.queues.control,
    args: [input],
  });
  await assert.rejects(
    run,
    (error) => error instanceof WorkflowFailedError && /no such target .*knows no clean-up/.test(error.cause?.message ?? ''),
  );
  assert.deepEqual(await environment.postgres.query('SELECT 1 FROM pinflow.door_refusal'), []);
});
