import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { layOrigin } from '#activities/batch/lay-origin.ts';
import { runAdHocSql } from '#activities/lake/ad-hoc-sql.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3 } from '#adapters/s3.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import { cutMarginMs } from '#domain/intervals.ts';
import { workflowTypes } from '#domain/names.ts';
import { landByHand } from '#test/activities/batch/lake-environment.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson, quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { ensureBatchSchedule } from '#workers/schedule.ts';
import { makeWorkerOptions } from '#workers/worker-options.ts';
import type { TickInput, TickResult } from '#workflows/batch-tick.ts';

const intervalMs = 1_000;

describe('the batch on a real Temporal, Kafka, Postgres and S3', () => {
  let environment: Environment;
  let client: Client;
  let connection: NativeConnection;
  let workers: Worker[];
  let running: Promise<unknown>;
  let next = 0;
  /** The real S3 with the right keys, or with wrong ones: what a person sets. */
  let s3: S3;
  let wrongS3: S3;

  before(async () => {
    environment = await openEnvironment({ batchIntervalMs: intervalMs, topicPartitions: 2, batchWaitMs: 300 });
    const { config } = environment;
    await layOrigin(environment);
    client = await connectTemporal(config);
    connection = await NativeConnection.connect({ address: config.temporalAddress });
    s3 = environment.s3;
    wrongS3 = makeS3({ ...config, s3SecretAccessKey: 'wrong' }, s3.bucket);
    const keyed = new Proxy(environment.s3, { get: (_, name) => Reflect.get(s3, name) as unknown });
    const optionsOf = makeWorkerOptions(config, { ...environment, s3: keyed }, quietLog);
    workers = await Promise.all(
      (['control', 'batch'] as const).map(async (role) =>
        Worker.create({ ...(await optionsOf(role)), connection, namespace: config.temporalNamespace }),
      ),
    );
    running = Promise.all(workers.map((worker) => worker.run()));
  });
  after(async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
    await client.connection.close();
    wrongS3.close();
    await environment.close();
  });

  const input = (): TickInput => ({ prefix: environment.names.prefix, intervalMs, offsetMs: 0, waitMs: environment.config.batchWaitMs });
  const tick = (): Promise<TickResult> =>
    client.workflow.execute(workflowTypes.batchTick, {
      workflowId: `${environment.names.prefix}tick-${randomUUID()}`,
      taskQueue: environment.names.queues.control,
      args: [input()],
    }) as Promise<TickResult>;
  const closed = async (): Promise<void> => {
    const end = (Math.floor(Date.now() / intervalMs) + 1) * intervalMs + cutMarginMs;
    await waitFor(() => Date.now() >= end, { what: 'the interval to close' });
  };
  const sendPins = async (ids: string[]): Promise<number> => {
    const first = next;
    next += ids.length;
    await environment.produce(
      environment.names.topicOf('pin'),
      0,
      ids.map((id) => pinJson(id)),
    );
    return first;
  };
  const land = (first: number, ids: string[]): Promise<void> =>
    landByHand(
      environment,
      'pin',
      0,
      first,
      ids.map((id) => pinJson(id)),
      Date.now(),
    );
  const pins = async (): Promise<unknown[]> =>
    (await runAdHocSql({ ...environment, sql: 'SELECT unique_id FROM pins ORDER BY 1' })).rows.map((row) => row['unique_id']);
  const states = async (): Promise<unknown[]> =>
    (
      await environment.postgres.query<{ state: string }>(
        `SELECT state FROM pinflow.interval WHERE records IS DISTINCT FROM 0 ORDER BY start`,
      )
    ).map(({ state }) => state);

  test('a tick cuts what closed, publishes it and refreshes the marts', async () => {
    await land(await sendPins(['a', 'b']), ['a', 'b']);
    await closed();
    const result = await tick();
    assert.ok(result.cut > 0 && result.empty === result.cut - 1, JSON.stringify(result));
    assert.deepEqual(
      result.intervals
        .filter(({ records }) => records !== 0)
        .map(({ state, outcome, generation, records }) => ({ state, outcome, generation, records })),
      [{ state: 'complete', outcome: 'published', generation: 1, records: 2 }],
    );
    assert.equal(result.marts, 'refreshed');
    assert.deepEqual(await pins(), ['a', 'b']);
    assert.deepEqual(await environment.postgres.query('SELECT * FROM marts.pins_per_category'), [{ category: 'art', pins: 2 }]);
  });

  test('an interval that is not landed ends as waiting, and the next tick takes it when it is', async () => {
    const first = await sendPins(['c']);
    await closed();
    const result = await tick();
    assert.equal(result.intervals[0]?.state, 'waiting');
    assert.match(result.intervals[0]?.problem ?? '', /Landing is behind/);
    await land(first, ['c']);
    assert.equal((await tick()).intervals[0]?.outcome, 'published');
    assert.deepEqual(await pins(), ['a', 'b', 'c']);
  });

  test('an interval that does not add up is held and does not stop the next', async () => {
    const lost = await sendPins(['d', 'e']);
    await closed();
    await land(lost, ['d', 'e']);
    // The object says less than its row: a record was lost on the way.
    await environment.postgres.execute(`UPDATE pinflow.landing_range SET last_offset = last_offset + 1 WHERE first_offset = $1`, [lost]);
    await environment.produce(environment.names.topicOf('pin'), 0, [pinJson('f')]);
    next += 1;
    await closed();
    await tick();
    const afterwards = await sendPins(['g']);
    await land(afterwards, ['g']);
    await closed();
    const result = await tick();
    assert.ok(
      result.intervals.some(({ outcome, records }) => outcome === 'published' && records === 1),
      JSON.stringify(result),
    );
    assert.deepEqual(
      (await states()).filter((state) => state !== 'complete'),
      ['held'],
    );
    const [held] = await environment.postgres.query<{ problem: string }>(`SELECT problem FROM pinflow.interval WHERE state = 'held'`);
    assert.match(held?.problem ?? '', /^check_failed: .*does not add up/);
    assert.ok((await pins()).includes('g'));
  });

  test('wrong S3 keys hold nothing: the interval backs off, and with the right keys it completes by itself', async () => {
    const first = await sendPins(['keys']);
    await land(first, ['keys']);
    await closed();
    s3 = wrongS3;
    const [failed] = (await tick()).intervals;
    assert.equal(failed?.state, 'backing_off');
    assert.match(failed?.problem ?? '', /^denied: S3, .*check S3_ACCESS_KEY_ID/);
    s3 = environment.s3;
    // As if the time of its next try had come.
    await environment.postgres.execute(`UPDATE pinflow.interval SET not_before = now() WHERE state = 'backing_off'`);
    const again = (await tick()).intervals.find(({ start }) => start === failed?.start);
    assert.equal(again?.outcome, 'published');
    assert.ok((await pins()).includes('keys'));
  });

  test('a trigger by hand runs the last closed interval though it is complete, and the ticks of the schedule go on', async () => {
    // So that the first tick finds something to cut.
    await closed();
    await ensureBatchSchedule(client, environment.config, environment.names);
    // Again, in place: setup runs at each start.
    await ensureBatchSchedule(client, environment.config, environment.names);
    const schedule = client.schedule.getHandle(environment.names.scheduleId);
    const resultOf = (workflowId: string): Promise<TickResult> => client.workflow.getHandle(workflowId).result() as Promise<TickResult>;
    const scheduled = await waitFor(async () => (await schedule.describe()).info.recentActions[0], { what: 'a tick of the schedule' });
    assert.equal((await resultOf(scheduled.action.workflow.workflowId)).manual, false);
    await schedule.pause('for the test');
    const before = (await schedule.describe()).info.numActionsTaken;
    await schedule.trigger();
    const triggered = await waitFor(
      async () => {
        const { info } = await schedule.describe();
        return info.numActionsTaken > before ? info.recentActions.at(-1) : undefined;
      },
      { what: 'the triggered tick' },
    );
    const result = await resultOf(triggered.action.workflow.workflowId);
    assert.equal(result.manual, true);
    assert.equal(result.intervals.at(-1)?.state, 'complete');
    await schedule.delete();
  });
});
