import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import type { Config } from '#adapters/config.ts';
import type { ReaderName } from '#activities/reader/checkpoints.ts';
import { workflowTypes } from '#domain/names.ts';
import { environmentOf } from '#test/api/start-api.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { StoppableProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson, quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';
import type { ReaderState } from '#workflows/reader.ts';

/**
 * Readers that are sent home while their attempts die: the server repeats no attempt whose cancellation was asked for.
 * The segments run in worker processes of their own, the workflows in a worker that stays.
 */
describe('a reader that is sent home while its attempts fail', { concurrency: true }, () => {
  let environment: Environment;
  let client: Client;
  let connection: NativeConnection;
  let control: Worker;
  let running: Promise<void>;
  let proxy: StoppableProxy;
  const children: ChildProcess[] = [];

  before(async () => {
    environment = await openEnvironment({ topicPartitions: 2, landingFlushMs: 200 });
    const { config, names } = environment;
    const { hostname, port } = new URL(config.postgresUrl);
    proxy = await startProxy(`${hostname}:${port}`);
    client = await connectTemporal(config);
    connection = await NativeConnection.connect({ address: config.temporalAddress });
    control = await Worker.create({
      connection,
      namespace: config.temporalNamespace,
      taskQueue: names.queues.control,
      ...(await obtainWorkflowCode(cacheFolderOf(config.cacheHome), quietLog)),
    });
    running = control.run();
    for (const reader of ['stream', 'landing'] as const)
      await client.workflow.start(workflowTypes[reader], {
        workflowId: names.workflowIds[reader],
        taskQueue: names.queues.control,
        args: [{ slots: 1, segmentMs: 60_000 }, names.queues[reader]],
      });
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    // A reader that ended though nobody drained it has failed its test already.
    for (const reader of ['stream', 'landing'] as const)
      await handleOf(reader)
        .terminate('the test is over')
        .catch(() => undefined);
    control.shutdown();
    await running;
    await connection.close();
    await client.connection.close();
    await proxy.close();
    await environment.close();
  });

  const handleOf = (reader: ReaderName) => client.workflow.getHandle(environment.names.workflowIds[reader]);
  const update = (reader: ReaderName, name: 'pause' | 'resume'): Promise<ReaderState> =>
    handleOf(reader).executeUpdate<ReaderState, []>(name);
  const startWorker = (reader: ReaderName, over: Partial<Config> = {}): ChildProcess => {
    const main = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));
    const env = environmentOf({ ...environment.config, workerRoles: [reader], ...over });
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  };
  let sent = 0;
  const send = async (partition: number, count: number): Promise<void> => {
    const first = sent;
    sent += count;
    const values = Array.from({ length: count }, (_, index) => pinJson(`id-${first + index}`));
    await environment.produce(environment.names.topicOf('pin'), partition, values);
  };
  /** Records in the account of the reader, and whether its ranges follow each other without gap or overlap. */
  const account = async (reader: ReaderName, partition: number): Promise<{ records: number; contiguous: boolean }> => {
    const [records, table] =
      reader === 'stream'
        ? ['applied + superseded + unchanged + rejected + dead', 'pinflow.stream_batch']
        : ['records', `pinflow.landing_range WHERE state = 'landed'`];
    const [row] = await environment.postgres.query<{ records: number; contiguous: boolean }>(
      `SELECT coalesce(sum(records), 0)::int AS records, coalesce(bool_and(first_offset = coalesce(before + 1, 0)), true) AS contiguous
       FROM (SELECT *, lag(last_offset) OVER (ORDER BY first_offset) AS before
             FROM (SELECT topic, partition, first_offset, last_offset, ${records} AS records FROM ${table}) AS one
             WHERE partition = $1 AND topic = $2) AS ranges`,
      [partition, environment.names.topicOf('pin')],
    );
    return row!;
  };
  const brought = (reader: ReaderName, partition: number, records: number): Promise<unknown> =>
    waitFor(async () => (await account(reader, partition)).records === records, {
      what: `${records} records in the account of ${reader}`,
    });

  test('its worker killed: pause answers, and resume goes on without loss or doubling', async () => {
    const worker = startWorker('stream');
    await send(0, 200);
    await brought('stream', 0, 200);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    const paused = await update('stream', 'pause');
    assert.equal(paused.state, 'paused');
    assert.deepEqual(
      paused.slots.map(({ state }) => state),
      ['home'],
    );
    assert.equal((await handleOf('stream').describe()).status.name, 'RUNNING', 'only people end a reader');
    assert.match(paused.slots[0]?.failure ?? '', /heartbeat/i, 'the attempt was given up by the server');
    await send(0, 100);
    startWorker('stream');
    assert.equal((await update('stream', 'resume')).state, 'reading');
    await brought('stream', 0, 300);
    assert.deepEqual(await account('stream', 0), { records: 300, contiguous: true });
  });

  test('Postgres frozen: pause answers, and resume goes on without loss or doubling', async () => {
    const throughProxy = new URL(environment.config.postgresUrl);
    throughProxy.host = `127.0.0.1:${proxy.port}`;
    startWorker('landing', { postgresUrl: throughProxy.href });
    await send(1, 200);
    await brought('landing', 1, 200);
    proxy.hold();
    await send(1, 100);
    const paused = await update('landing', 'pause');
    assert.equal(paused.state, 'paused');
    assert.deepEqual(
      paused.slots.map(({ state }) => state),
      ['home'],
    );
    assert.equal((await handleOf('landing').describe()).status.name, 'RUNNING', 'only people end a reader');
    assert.match(paused.slots[0]?.failure ?? '', /Postgres/, 'the attempt failed');
    proxy.release();
    assert.equal((await update('landing', 'resume')).state, 'reading');
    await brought('landing', 1, 300);
    assert.deepEqual(await account('landing', 1), { records: 300, contiguous: true });
  });
});
