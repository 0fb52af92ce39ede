import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { readInterval } from '#activities/ledger/interval-ledger.ts';
import { layOrigin } from '#setup/lay-origin.ts';
import { runAdHocSql } from '#questions/ad-hoc-sql.ts';
import { makeS3 } from '#adapters/s3.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import { cutMarginMs } from '#domain/intervals.ts';
import type { TickInput } from '#domain/lake/tick-input.ts';
import { workflowTypes } from '#domain/names.ts';
import { landByHand } from '#test/activities/batch/lake-environment.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson, quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { makeWorkerOptions } from '#workers/worker-options.ts';
import type { TickResult } from '#workflows/batch-tick.ts';
import type { IntervalResult } from '#workflows/interval-input.ts';

const intervalMs = 1_000;

/** The batch's workers in this process, on real servers; a test sends, lands and ticks by hand. */
export type BatchRig = {
  environment: Environment;
  client: Client;
  /** Gives the workers the right S3 keys, or wrong ones: what a person sets. */
  setKeys(keys: 'right' | 'wrong'): void;
  /** Lets every call of the workers to S3 wait until what it gives is called: their runs stand still behind landing. */
  holdS3(): () => void;
  tick(over?: Partial<TickInput>): Promise<TickResult>;
  runOf(start: string): WorkflowHandle;
  /** What became of an interval, however many runs it took in a row. */
  ended(start: string): Promise<IntervalResult>;
  /** What became of all that a tick started, but the empty one that a start by hand may mean. */
  outcomes(result: TickResult): Promise<IntervalResult[]>;
  tickToEnd(over?: Partial<TickInput>): Promise<IntervalResult[]>;
  /** Waits until what was sent so far lies in a closed interval. */
  closed(): Promise<void>;
  /** Waits until what is sent from now on lies in another interval than what was sent so far. */
  nextInterval(): Promise<void>;
  /** Appends pins with these identities, to partition 0 where none is told; gives the offset of the first. */
  sendPins(ids: string[], partition?: number): Promise<number>;
  land(first: number, ids: string[], partition?: number): Promise<void>;
  pins(): Promise<unknown[]>;
  /** States of the intervals that hold records. */
  states(): Promise<string[]>;
  stateOf(start: string): Promise<string>;
  /** So that the one DuckDB process that comes next is an interval's. */
  martsAreDone(): Promise<unknown>;
  /** As if the time of the next try had come. */
  passTime(): Promise<unknown>;
  close(): Promise<void>;
};

export async function openBatchRig(): Promise<BatchRig> {
  const environment = await openEnvironment({ batchIntervalMs: intervalMs, topicPartitions: 2, batchWaitMs: 300 });
  const { config, names, postgres } = environment;
  await layOrigin(environment);
  const client = await connectTemporal(config);
  const connection = await NativeConnection.connect({ address: config.temporalAddress });
  const wrongS3 = makeS3({ ...config, s3SecretAccessKey: 'wrong' }, environment.s3.bucket);
  let s3 = environment.s3;
  let held: Promise<void> | undefined;
  const keyed = new Proxy(environment.s3, {
    get(_, name) {
      const work = (): ((...input: unknown[]) => unknown) => Reflect.get(s3, name) as (...input: unknown[]) => unknown;
      const until = held;
      return until === undefined ? work() : (...input: unknown[]) => until.then(() => work()(...input));
    },
  });
  const optionsOf = makeWorkerOptions(config, { ...environment, s3: keyed }, quietLog);
  const workers = await Promise.all(
    (['control', 'batch'] as const).map(async (role) =>
      Worker.create({ ...(await optionsOf(role)), connection, namespace: config.temporalNamespace }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  /** The next offset of each partition. */
  const next: number[] = [];

  const rig: BatchRig = {
    environment,
    client,
    setKeys(keys) {
      s3 = keys === 'right' ? environment.s3 : wrongS3;
    },
    holdS3() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
    tick: (over = {}) =>
      client.workflow.execute(workflowTypes.batchTick, {
        workflowId: `${names.prefix}tick-${randomUUID()}`,
        taskQueue: names.queues.control,
        args: [{ prefix: names.prefix, intervalMs, offsetMs: 0, waitMs: config.batchWaitMs, ...over }],
      }) as Promise<TickResult>,
    runOf: (start) => client.workflow.getHandle(names.workflowIds.interval(start)),
    ended: (start) => rig.runOf(start).result() as Promise<IntervalResult>,
    outcomes: async ({ started }) => (await Promise.all(started.map((start) => rig.ended(start)))).filter(({ records }) => records !== 0),
    tickToEnd: async (over) => rig.outcomes(await rig.tick(over)),
    async closed() {
      const end = (Math.floor(Date.now() / intervalMs) + 1) * intervalMs + cutMarginMs;
      await waitFor(() => Date.now() >= end, { what: 'the interval to close' });
    },
    async nextInterval() {
      const second = Math.floor(Date.now() / intervalMs);
      await waitFor(() => Math.floor(Date.now() / intervalMs) > second, { what: 'the next interval' });
    },
    async sendPins(ids, partition = 0) {
      const first = next[partition] ?? 0;
      next[partition] = first + ids.length;
      const values = ids.map((id) => pinJson(id));
      await environment.produce(names.topicOf('pin'), partition, values);
      return first;
    },
    land(first, ids, partition = 0) {
      const values = ids.map((id) => pinJson(id));
      return landByHand(environment, 'pin', partition, first, values, Date.now());
    },
    pins: async () =>
      (await runAdHocSql({ ...environment, sql: 'SELECT unique_id FROM pins ORDER BY 1' })).rows.map((row) => row['unique_id']),
    async states() {
      const rows = await postgres.query<{ state: string }>(
        `SELECT state FROM pinflow.interval WHERE records IS DISTINCT FROM 0 ORDER BY start`,
      );
      return rows.map(({ state }) => state);
    },
    stateOf: async (start) => (await readInterval(postgres, start)).state,
    martsAreDone: () =>
      waitFor(async () => (await client.workflow.getHandle(names.workflowIds.marts).describe()).status.name !== 'RUNNING', {
        what: 'the marts to be current',
      }),
    passTime: () => postgres.execute(`UPDATE pinflow.interval SET not_before = now() WHERE state = 'backing_off'`),
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await client.connection.close();
      wrongS3.close();
      await environment.close();
    },
  };
  return rig;
}
