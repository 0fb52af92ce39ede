import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Kafka } from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics, topicMessageBytesMax } from '#adapters/kafka/topics.ts';
import { failureKindOf } from '#domain/failures.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

describe('topic administration', () => {
  let config: Config;
  let kafka: Kafka;
  let topics: KafkaTopics;
  let topic: string;

  before(async () => {
    config = await testConfig();
    kafka = makeKafkaClient(config, 'pinflow-test');
    topics = makeKafkaTopics(kafka);
    topic = `${config.prefix}one`;
    // Several processes do this at the same time when a stack starts.
    await Promise.all([1, 2, 3].map(() => topics.ensureTopics({ topics: [topic], partitions: 3, replicas: 1 })));
  });
  after(() => topics.close());

  test('creates topics with the partitions and the size asked for', async () => {
    assert.equal(await topics.partitionCount(topic), 3);
    assert.equal(await topics.messageBytesMax(topic), topicMessageBytesMax);
    assert.deepEqual(await topics.describe([topic, `${topic}-absent`]), { brokers: 1, replicaNodes: 1, notReady: [`${topic}-absent`] });
  });

  const wrong = [
    { name: 'another partition count', partitions: 5, create: undefined, says: /has 3 partitions/ },
    { name: 'another clock', partitions: 3, create: 'CreateTime', says: /LogAppendTime/ },
  ];
  for (const { name, partitions, create, says } of wrong) {
    test(`a topic with ${name} is a fault of the configuration`, async () => {
      const there = create === undefined ? topic : `${topic}-${create}`;
      if (create !== undefined) {
        const admin = kafka.admin();
        await admin.connect();
        await admin.createTopics({
          topics: [
            {
              topic: there,
              numPartitions: partitions,
              replicationFactor: 1,
              configEntries: [{ name: 'message.timestamp.type', value: create }],
            },
          ],
        });
        await admin.disconnect();
      }
      await assert.rejects(
        topics.ensureTopics({ topics: [there], partitions, replicas: 1 }),
        (error: Error) => failureKindOf(error) === 'configuration' && says.test(error.message),
      );
    });
  }

  test('more replicas than brokers is a fault of the configuration', async () => {
    await assert.rejects(
      topics.ensureTopics({ topics: [`${topic}-replicas`], partitions: 1, replicas: 9 }),
      (error) => failureKindOf(error) === 'configuration',
    );
  });

  test('a topic that is not there can be asked for again', async () => {
    await assert.rejects(topics.partitionCount(`${topic}-absent`), (error) => failureKindOf(error) === 'not_ready');
  });

  test('finds the first record at or after a time, and the end where there is none', async () => {
    const producer = kafka.producer();
    await producer.connect();
    for (let i = 0; i < 3; i++) {
      await producer.send({ topic, acks: -1, messages: [{ partition: 0, value: `r${i}` }] });
      const sentAt = Date.now();
      await waitFor(() => Date.now() > sentAt + 1, { what: "the broker's clock of milliseconds, so that the three stamps differ" });
    }
    await producer.disconnect();
    assert.deepEqual(await topics.fetchOffsets(topic), [
      { partition: 0, low: 0, high: 3 },
      { partition: 1, low: 0, high: 0 },
      { partition: 2, low: 0, high: 0 },
    ]);
    const [first, second, third] = await readRecords(kafka, topics, topic);
    for (const [timeMs, offset] of [
      [first!.appendTimeMs - 1, 0],
      [second!.appendTimeMs, 1],
      [second!.appendTimeMs + 1, 2],
      [third!.appendTimeMs + 1, 3],
    ] as const) {
      assert.deepEqual(await topics.fetchOffsetsAtTime(topic, timeMs), [
        { partition: 0, offset },
        { partition: 1, offset: 0 },
        { partition: 2, offset: 0 },
      ]);
    }
  });

  test('goes on by itself after its connection was lost', async () => {
    const proxy = await startProxy(config.kafkaBrokers[0]!);
    const proxied = makeKafkaTopics(proxy.makeKafka(config));
    try {
      assert.equal(await proxied.partitionCount(topic), 3);
      await proxy.goDown();
      await assert.rejects(proxied.describe([topic]), (error) => failureKindOf(error) === 'unavailable');
      await proxy.comeBack();
      assert.equal(await waitFor(() => proxied.partitionCount(topic), { what: 'the admin connection' }), 3);
    } finally {
      await proxied.close();
      await proxy.close();
    }
  });
});
