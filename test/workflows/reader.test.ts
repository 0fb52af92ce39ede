import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import type { SegmentInput, SegmentResult } from '#activities/reader/segment.ts';
import { makeNames, workflowTypes } from '#domain/names.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import type { ReaderState } from '#workflows/reader.ts';
import { quietLog } from '#test/support/environment.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';

/** The supervisor on a real Temporal server, with segments that only wait to be sent home. */
const started: SegmentInput[] = [];
let failing = 0;
let client: Client;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;
let workflowId: string;
let queue: string;

before(async () => {
  const config = await testConfig();
  const names = makeNames(config.prefix);
  queue = names.queues.control;
  workflowId = names.workflowIds.stream;
  client = await connectTemporal(config);
  connection = await NativeConnection.connect({ address: config.temporalAddress });
  worker = await Worker.create({
    connection,
    namespace: config.temporalNamespace,
    taskQueue: queue,
    ...(await obtainWorkflowCode(cacheFolderOf(config.cacheHome), quietLog)),
    maxHeartbeatThrottleInterval: '100ms',
    activities: {
      async runSegment(input: SegmentInput): Promise<SegmentResult> {
        started.push(input);
        if (failing-- > 0) throw ApplicationFailure.nonRetryable('the server gives up on it');
        const context = Context.current();
        const beat = setInterval(() => context.heartbeat(), 50);
        await new Promise((resolve) => {
          context.cancellationSignal.addEventListener('abort', resolve);
        });
        clearInterval(beat);
        return {
          ended: 'asked',
          rows: 0,
          partitions: [{ topic: 't', partition: input.slot, from: '0', to: '5', rows: 5, lag: 2, problem: null }],
        };
      },
    },
  });
  running = worker.run();
  await client.workflow.start(workflowTypes.stream, { workflowId, taskQueue: queue, args: [{ slots: 2, segmentMs: 60_000 }, queue] });
});

after(async () => {
  worker.shutdown();
  await running;
  await connection.close();
  await client.connection.close();
});

const state = (): Promise<ReaderState> => client.workflow.getHandle(workflowId).query<ReaderState>('state');
const update = (name: string): Promise<ReaderState> => client.workflow.getHandle(workflowId).executeUpdate<ReaderState, []>(name);
const rescale = (slots: number): Promise<ReaderState> =>
  client.workflow.getHandle(workflowId).executeUpdate<ReaderState, [number]>('rescale', { args: [slots] });
const slotsStarted = (): string[] => started.map(({ slot, slots }) => `${slot}/${slots}`);

test('a reader starts one segment a slot', async () => {
  await waitFor(() => started.length === 2, { what: 'two segments' });
  assert.deepEqual(slotsStarted().sort(), ['0/2', '1/2']);
  assert.deepEqual(
    (await state()).slots.map((slot) => slot.state),
    ['reading', 'reading'],
  );
});

test('pause answers when every slot is home, and resume goes on with new segments', async () => {
  const paused = await update('pause');
  assert.equal(paused.state, 'paused');
  assert.deepEqual(
    paused.slots.map((slot) => [slot.state, slot.partitions[0]?.to]),
    [
      ['home', '5'],
      ['home', '5'],
    ],
  );
  started.length = 0;
  await update('resume');
  await waitFor(() => started.length === 2, { what: 'two segments after resume' });
  assert.deepEqual(
    started.map(({ segment }) => segment).sort((one, other) => one - other),
    [2, 3],
  );
});

test('rescale gives the partitions to another number of slots, and refuses nonsense', async () => {
  await assert.rejects(rescale(0), (error: Error) => /1 to 64 slots/.test((error.cause as Error).message));
  started.length = 0;
  await rescale(3);
  await waitFor(() => started.length === 3, { what: 'three segments' });
  assert.deepEqual(slotsStarted().sort(), ['0/3', '1/3', '2/3']);
});

test('a segment that fails for good is followed by the next, or home at once when that is asked', async () => {
  await update('pause');
  started.length = 0;
  failing = 3;
  await update('resume');
  await waitFor(async () => (await state()).slots.filter(({ failure }) => failure?.includes('gives up')).length === 3, {
    what: 'three failed segments',
  });
  await waitFor(() => started.length === 6, { what: 'three further segments' });
  await update('pause');
  failing = 3;
  await update('resume');
  await waitFor(async () => (await state()).slots.every(({ failure }) => failure !== undefined), { what: 'three failed segments' });
  assert.deepEqual(
    (await update('pause')).slots.map((slot) => slot.state),
    ['home', 'home', 'home'],
  );
  await update('resume');
});

test('drain sends all slots home and ends the workflow', async () => {
  const drained = await update('drain');
  assert.deepEqual(
    drained.slots.map((slot) => slot.state),
    ['home', 'home', 'home'],
  );
  const result = (await client.workflow.getHandle(workflowId).result()) as ReaderState;
  assert.equal(result.state, 'draining');
});
