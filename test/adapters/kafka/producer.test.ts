import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Kafka } from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import { makeDisposableClient, makeKafkaClient } from '#adapters/kafka/client.ts';
import type { Outcome, Publisher, RecordToPublish } from '#adapters/kafka/producer.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makeLog } from '#adapters/log.ts';
import { Failure, failureKindOf } from '#domain/failures.ts';
import { readRecords } from '#test/api/read-records.ts';
import { testConfig } from '#test/support/servers.ts';

/** The outcomes of records that must have been taken for sending. */
async function taken(published: Failure | Promise<Outcome[]>): Promise<Outcome[]> {
  if (published instanceof Failure) throw published;
  return published;
}

describe('the publisher', () => {
  let config: Config;
  let kafka: Kafka;
  let topics: KafkaTopics;
  let topic: string;
  let publisher: Publisher;

  before(async () => {
    config = await testConfig();
    topic = `${config.prefix}small`;
    kafka = makeKafkaClient(config, 'pinflow-test');
    topics = makeKafkaTopics(kafka);
    await topics.ensureTopics({ topics: [topic], partitions: 4, replicas: 1 });
    publisher = open();
    await publisher.start();
  });
  after(async () => {
    await publisher.close(1_000);
    await topics.close();
  });

  function open(): Publisher {
    return makePublisher({
      makeClient: () => makeDisposableClient(config, 'pinflow-test'),
      topicNames: [topic],
      eventsMax: 10_000,
      bytesMax: 33_554_432,
      stallMs: 1_000,
      deadlineMs: 5_000,
      log: makeLog('test', 'error'),
    });
  }

  const record = (key: string, bytes = 10): RecordToPublish => ({
    topic,
    key: Buffer.from(key),
    value: Buffer.alloc(bytes, 'v'),
    headers: { kind: 'pin' },
  });

  test('refuses events before it has reached Kafka', async () => {
    const early = open();
    assert.equal(failureKindOf(early.publish([record('early')])), 'unavailable');
    assert.equal(early.isConnected(), false);
    await early.close(0);
  });

  test('answers a lone event with the place it got', async () => {
    const [ack] = await taken(publisher.publish([record('lone')]));
    const [found] = (await readRecords(kafka, topics, topic)).filter(({ key }) => key!.toString() === 'lone');
    assert.deepEqual({ topic: found!.topic, partition: found!.partition, offset: found!.offset, appendTimeMs: found!.appendTimeMs }, ack);
  });

  test('a record that the topic will never take is refused alone', async () => {
    // The topic's limit drops behind the publisher's back: Kafka now refuses whole batches that hold the culprit.
    const admin = kafka.admin();
    await admin.connect();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: 2,
          name: topic,
          configEntries: [
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
            { name: 'max.message.bytes', value: '20000' },
          ],
        },
      ],
    });
    await admin.disconnect();
    const keys = Array.from({ length: 40 }, (_, i) => `member-${i}`);
    const outcomes = await taken(
      publisher.publish([
        ...keys.slice(0, 20).map((key) => record(key, 700)),
        record('culprit', 30_000),
        ...keys.slice(20).map((key) => record(key, 700)),
      ]),
    );
    assert.equal(failureKindOf(outcomes.splice(20, 1)[0]), 'invalid_data');
    const records = await readRecords(kafka, topics, topic);
    for (const [i, outcome] of outcomes.entries()) {
      assert.ok(!(outcome instanceof Failure), keys[i]);
      const stored = records.filter(({ key }) => key!.toString() === keys[i]);
      assert.equal(stored.length, 1, `${keys[i]} stands ${stored.length} times`);
      assert.deepEqual([stored[0]!.partition, stored[0]!.offset], [outcome.partition, outcome.offset]);
    }
    assert.ok(!records.some(({ key }) => key!.toString() === 'culprit'));
    assert.ok(!((await taken(publisher.publish([record('afterwards')])))[0] instanceof Failure));
  });

  test('refuses new events once it closes, and answers those it has', async () => {
    const closing = open();
    await closing.start();
    const before = taken(closing.publish([record('a'), record('b'), record('c')]));
    const closed = closing.close(5_000);
    assert.equal(failureKindOf(closing.publish([record('late')])), 'unavailable');
    assert.deepEqual(
      (await before).map((outcome) => outcome instanceof Failure),
      [false, false, false],
    );
    await closed;
  });
});
