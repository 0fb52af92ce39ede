import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Kafka } from 'kafkajs';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { RecordBatch } from '#adapters/kafka/reader.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { sendInTransactions } from '#test/support/transactions.ts';
import type { OwnServer } from '#test/support/own-server.ts';
import { startOwnBroker } from '#test/support/own-broker.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

describe('gaps that Kafka made itself', () => {
  let kafka: Kafka;
  let topics: KafkaTopics;
  let topic: string;
  before(async () => {
    const config = await testConfig();
    kafka = makeKafkaClient(config, 'pinflow-test');
    topics = makeKafkaTopics(kafka);
    topic = `${config.prefix}gaps`;
    await topics.ensureTopics({ topics: [topic], partitions: 1, replicas: 1 });
  });
  after(() => topics.close());

  test('are covered by the batches, also at the end of the log and where a batch has no record', async () => {
    await sendInTransactions(kafka, topic, [
      { values: ['a', 'b'], outcome: 'commit' }, // 0, 1, marker 2
      { values: ['lost'], outcome: 'abort' }, // 3, marker 4
      { values: ['c'], outcome: 'commit' }, // 5, marker 6
    ]);
    const batches: RecordBatch[] = [];
    const read = (until: number): Promise<void> => {
      const enough = new AbortController();
      return readPartitions({
        kafka,
        groupId: `${topic}-${until}`,
        from: [{ topic, partition: 0, offset: batches.at(-1)?.to ?? 0 }],
        onBatch: (batch) => {
          batches.push(batch);
          if (batch.to >= until) enough.abort();
          return Promise.resolve();
        },
        findLogStart: (partition) => topics.fetchLogStart(partition),
        onLost: (_, problem) => Promise.reject(new Error(problem)),
        signal: AbortSignal.any([enough.signal, AbortSignal.timeout(15_000)]),
        concurrency: 1,
        bytesPerPartitionMax: 1_048_576,
      });
    };
    await read(7);
    await sendInTransactions(kafka, topic, [{ values: ['lost', 'too'], outcome: 'abort' }]); // 7, 8, marker 9
    await read(10);
    assert.deepEqual(
      batches.flatMap(({ records }) => records.map(({ offset, value }) => [offset, value?.toString()])),
      [
        [0, 'a'],
        [1, 'b'],
        [5, 'c'],
      ],
    );
    assert.equal(batches[0]?.from, 0);
    for (const [i, batch] of batches.entries()) if (i > 0) assert.equal(batch.from, batches[i - 1]!.to, 'batches follow each other');
    assert.equal(batches.at(-1)?.to, 10);
    assert.deepEqual(await topics.fetchOffsets(topic), [{ partition: 0, low: 0, high: 10 }]);
  });
});

describe('a broker that is not ready for readers yet', () => {
  let broker: OwnServer & { address: string };
  let kafka: Kafka;
  before(async () => {
    // Its coordinator cannot come up by itself: a single broker makes no topic with three replicas.
    broker = await startOwnBroker('offsets.topic.replication.factor=3\n');
    kafka = makeKafkaClient(await testConfig({ kafkaBrokers: [broker.address] }), 'pinflow-test');
    const topics = makeKafkaTopics(kafka);
    await topics.ensureTopics({ topics: ['t'], partitions: 1, replicas: 1 });
    await topics.close();
  });
  after(() => broker.stop());

  test('is asked again until it is, and then read from the given offset', async () => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 't', acks: -1, messages: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] });
    await producer.disconnect();
    const reasons: string[] = [];
    const values: unknown[] = [];
    const asked = new AbortController();
    const reading = readPartitions({
      kafka,
      groupId: 'first-ever',
      from: [{ topic: 't', partition: 0, offset: 1 }],
      onBatch: (batch) => {
        values.push(...batch.records.map(({ value }) => value?.toString()));
        return Promise.resolve();
      },
      findLogStart: () => Promise.resolve(0),
      onLost: () => Promise.reject(new Error('nothing is lost')),
      onNotReady: (reason) => void reasons.push(reason),
      signal: asked.signal,
      concurrency: 1,
      bytesPerPartitionMax: 1_048_576,
    });
    const isAskedAgain = waitFor(() => reasons.length >= 2, { what: 'a broker that was asked again' });
    await Promise.race([isAskedAgain, reading]);
    assert.match(reasons[0] ?? '', /coordinator/i);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [
        {
          topic: '__consumer_offsets',
          numPartitions: 2,
          replicationFactor: 1,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    });
    await admin.disconnect();
    await Promise.race([waitFor(() => values.length === 2, { what: 'the records from offset 1 on' }), reading]);
    assert.deepEqual(values, ['b', 'c']);
    asked.abort();
    await reading;
  });

  test('a read that is cancelled meanwhile ends', async () => {
    const asked = new AbortController();
    const reading = readPartitions({
      kafka,
      groupId: 'cancelled',
      from: [{ topic: 'nowhere', partition: 0, offset: 0 }],
      onBatch: () => Promise.resolve(),
      findLogStart: () => Promise.resolve(0),
      onLost: () => Promise.resolve(),
      onNotReady: () => asked.abort(),
      signal: asked.signal,
      concurrency: 1,
      bytesPerPartitionMax: 1_048_576,
    });
    await reading;
  });
});
