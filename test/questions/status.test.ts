import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import { measureAppendAges } from '#questions/append-age.ts';
import type { Status } from '#questions/status.ts';
import { getStatus } from '#questions/status.ts';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { Names } from '#domain/names.ts';
import { makeNames } from '#domain/names.ts';
import type { Unreachable } from '#domain/status.ts';
import { ageLadder, findFirst, isUnreachable, lagRecordsOf, totalLagOf } from '#domain/status.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

describe('lag arithmetic', () => {
  const cases: [name: string, checkpoint: { nextOffset: number; low: number; high: number }, lag: number][] = [
    ['at the end', { nextOffset: 7, low: 0, high: 7 }, 0],
    ['behind', { nextOffset: 3, low: 0, high: 7 }, 4],
    ['an empty log', { nextOffset: 0, low: 0, high: 0 }, 0],
    ['before the log begins: what is deleted is no lag', { nextOffset: 3, low: 5, high: 7 }, 2],
    ['ahead of a watermark that was read earlier', { nextOffset: 9, low: 0, high: 7 }, 0],
  ];
  for (const [name, checkpoint, lag] of cases) test(`${name}: ${lag}`, () => assert.equal(lagRecordsOf(checkpoint), lag));

  test('of a reader is the sum of the records and the longest age', () => {
    const one = {
      topic: 't',
      partition: 0,
      nextOffset: 0,
      highWatermark: 2,
      lagRecords: 2,
      lagSeconds: 5,
      gapOffsets: 0,
      owner: 'a',
      problem: null,
    };
    const { lagRecords, lagSeconds } = totalLagOf([one, { ...one, partition: 1, lagRecords: 3, lagSeconds: 1.5 }]);
    assert.deepEqual({ lagRecords, lagSeconds }, { lagRecords: 5, lagSeconds: 5 });
    assert.deepEqual(totalLagOf([]), { partitions: [], lagRecords: 0, lagSeconds: 0, idleSeconds: null });
  });

  test('the search finds the first of a row of trues, wherever it begins', async () => {
    for (let first = 0; first <= 9; first++) assert.equal(await findFirst(9, async (index) => index >= first), Math.min(first, 9));
  });

  test('ages come from a time index with at most a tenth to spare, in a bounded number of requests', async () => {
    const nowMs = 1_800_000_000_000;
    // Record i of partition 0 was appended i minutes ago, counted from the newest; partition 1 holds one record, 9 s old.
    const ages = { 0: Array.from({ length: 500 }, (_, i) => (499 - i) * 60), 1: [9] };
    let requests = 0;
    const topics = {
      async fetchOffsetsAtTime(_topic: string, timeMs: number) {
        requests++;
        const firstSince = (list: number[]): number =>
          (list.findIndex((age) => nowMs - age * 1_000 >= timeMs) + list.length + 1) % (list.length + 1);
        return [
          { partition: 0, offset: firstSince(ages[0]) },
          { partition: 1, offset: firstSince(ages[1]) },
        ];
      },
    };
    const measured = await measureAppendAges(
      topics,
      't',
      [
        { partition: 0, offset: 300 },
        { partition: 1, offset: 0 },
      ],
      nowMs,
    );
    for (const [partition, age] of [
      [0, 199 * 60],
      [1, 9],
    ] as const) {
      const found = measured.get(partition)!;
      assert.ok(found >= age && found <= age * 1.101, `partition ${partition}: ${found} for ${age}`);
    }
    assert.ok(requests <= 2 * Math.ceil(Math.log2(ageLadder.length + 1)), `${requests} requests`);
  });
});

describe('status on real servers', () => {
  let config: Config;
  let names: Names;
  let postgres: Postgres;
  let kafka: Kafka;
  let topics: KafkaTopics;
  const look = (): Promise<Status> => getStatus({ config, names, postgres, topics });

  before(async () => {
    config = await testConfig({ topicPartitions: 2 });
    names = makeNames(config.prefix);
    postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    kafka = makeKafkaClient(config, 'pinflow-test');
    topics = makeKafkaTopics(kafka);
    await topics.ensureTopics({ topics: names.topics, partitions: config.topicPartitions, replicas: 1 });
    await produce(3);
  });
  after(async () => {
    await topics.close();
    await postgres.close();
  });

  async function produce(records: number): Promise<void> {
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({
      topic: names.topicOf('pin'),
      acks: -1,
      messages: Array.from({ length: records }, () => ({ partition: 1, value: '{}' })),
    });
    await producer.disconnect();
  }

  const setCheckpoint = (reader: string, nextOffset: number): Promise<number> =>
    postgres.execute(
      `INSERT INTO pinflow.checkpoint (reader, topic, partition, owner, next_offset) SELECT $1, t, p, 'slot 0', CASE WHEN t = $3 AND p = 1 THEN $4::bigint ELSE 0 END
       FROM unnest($2::text[]) t, generate_series(0, 1) p ON CONFLICT (reader, topic, partition) DO UPDATE SET next_offset = excluded.next_offset`,
      [reader, names.topics, names.topicOf('pin'), nextOffset],
    );
  const known = <Part extends object>(part: Part | Unreachable): Part => {
    assert.ok(!isUnreachable(part), isUnreachable(part) ? part.error : '');
    return part;
  };

  test('before any reader started, every record is lag, and the untaken partitions are a problem', async () => {
    const status = await look();
    assert.equal(known(status.stream).lagRecords, 3);
    assert.equal(known(status.stream).partitions.length, 6);
    assert.ok(status.problems.some((problem) => /nobody has taken 6 of 6 partitions/.test(problem)));
    assert.deepEqual([status.generation, status.intervals, status.heldIntervals], [null, [], 0]);
  });

  test('a reader at the end has no lag, in records and in seconds; one that is behind ages', async () => {
    await setCheckpoint('stream', 3);
    await setCheckpoint('landing', 1);
    const aged = await waitFor(
      async () => {
        const status = await look();
        return known(status.landing).lagSeconds >= 1 ? status : undefined;
      },
      { what: 'the unread record to be a second old' },
    );
    assert.deepEqual([known(aged.stream).lagRecords, known(aged.stream).lagSeconds], [0, 0]);
    assert.equal(known(aged.landing).lagRecords, 2);
    const at = known(aged.landing).partitions.find(({ topic, partition }) => topic === names.topicOf('pin') && partition === 1);
    assert.deepEqual(
      { ...at, lagSeconds: 0 },
      {
        topic: names.topicOf('pin'),
        partition: 1,
        nextOffset: 1,
        highWatermark: 3,
        lagRecords: 2,
        lagSeconds: 0,
        gapOffsets: 0,
        owner: 'slot 0',
        problem: null,
      },
    );
  });

  test('a range that is fixed but not landed is still lag', async () => {
    await setCheckpoint('landing', 3);
    assert.equal(known((await look()).landing).lagRecords, 0);
    await postgres.execute(
      `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, object_key) VALUES ($1, 1, 2, 2, 0, 'k')`,
      [names.topicOf('pin')],
    );
    const { landing } = await look();
    assert.equal(known(landing).lagRecords, 1);
    assert.equal(known(landing).partitions.find(({ lagRecords }) => lagRecords > 0)?.nextOffset, 2);
  });

  test('the last five intervals are shown newest first, with the newest generation', async () => {
    await postgres.execute(`INSERT INTO pinflow.interval (start, "end", state, records, clean, rejects, duplicates)
      SELECT s, s + interval '1 hour', CASE WHEN s = '2026-01-01T00:00:00Z' THEN 'held' ELSE 'complete' END, 10, 7, 1, 2 FROM generate_series('2026-01-01T00:00:00Z'::timestamptz, '2026-01-01T06:00:00Z', '1 hour') s`);
    await postgres.execute(
      `INSERT INTO pinflow.generation (cause, run_id, versions, content_sha256, code_version, records, clean, rejects, duplicates) VALUES ('marts', 'r', '{}', '', '', 0, 0, 0, 0)`,
    );
    const status = await look();
    const intervals = known(status.intervals);
    assert.deepEqual(
      intervals.map(({ start }) => start),
      ['06', '05', '04', '03', '02'].map((hour) => `2026-01-01T${hour}:00:00Z`),
    );
    assert.deepEqual(intervals[0], {
      start: '2026-01-01T06:00:00Z',
      end: '2026-01-01T07:00:00Z',
      state: 'complete',
      records: 10,
      clean: 7,
      rejects: 1,
      duplicates: 2,
      generation: null,
      problem: null,
      nextTry: null,
    });
    assert.equal(status.heldIntervals, 1);
    assert.ok(status.problems.some((problem) => problem.startsWith('1 older intervals are held')));
    assert.deepEqual(status.backingOff, { count: 0, oldest: null });
    assert.equal((status.generation as { id: number }).id, 1);
  });

  test('endpoints name every part and no password', async () => {
    await postgres.execute(`INSERT INTO pinflow.setting (key, value) VALUES ('bucket', 'a-bucket')`);
    const { endpoints } = await look();
    assert.deepEqual(Object.keys(endpoints), ['api', 'temporal', 'temporalUi', 'kafka', 's3', 'postgres', 'bucket']);
    assert.deepEqual([endpoints.bucket, endpoints.s3.bucket], ['a-bucket', 'a-bucket']);
    assert.equal(new URL(endpoints.postgres).password, '');
    assert.doesNotMatch(JSON.stringify(endpoints), new RegExp(new URL(config.postgresUrl).password));
  });

  test('a broker that is away leaves the ledger readable', async () => {
    const nobody = makeKafkaTopics(makeKafkaClient({ ...config, kafkaBrokers: ['127.0.0.1:1'] }, 'pinflow-test'));
    const status = await getStatus({ config, names, postgres, topics: nobody });
    await nobody.close();
    assert.ok(isUnreachable(status.stream) && isUnreachable(status.landing));
    assert.notEqual(status.servers.kafka, 'up');
    assert.equal(status.servers.postgres, 'up');
    assert.equal(known(status.intervals).length, 5);
  });
});
