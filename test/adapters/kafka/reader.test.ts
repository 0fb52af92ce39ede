import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Kafka } from 'kafkajs';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { OwnServer } from '#test/support/own-server.ts';
import { startOwnBroker } from '#test/support/own-broker.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

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
      onGap: () => Promise.reject(new Error('there is no gap')),
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
      onGap: () => Promise.resolve(),
      onNotReady: () => asked.abort(),
      signal: asked.signal,
      concurrency: 1,
      bytesPerPartitionMax: 1_048_576,
    });
    await reading;
  });
});
