import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Kafka } from 'kafkajs';
import kafkajs from 'kafkajs';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { RecordBatch } from '#adapters/kafka/reader.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { OwnServer } from '#test/support/own-server.ts';
import { startOwnBroker } from '#test/support/own-broker.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

const topic = 'compacted';
let broker: OwnServer & { address: string };
let kafka: Kafka;
let topics: KafkaTopics;
before(async () => {
  broker = await startOwnBroker('log.cleaner.backoff.ms=50\n');
  kafka = makeKafkaClient(await testConfig({ kafkaBrokers: [broker.address] }), 'pinflow-test');
  topics = makeKafkaTopics(kafka);
  const admin = kafka.admin();
  await admin.connect();
  const configs = { 'cleanup.policy': 'compact', 'segment.ms': '1', 'min.cleanable.dirty.ratio': '0' };
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }] });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  // A request is one batch of the log. The last one, of another time, begins a segment: the one before is cleaned.
  for (const [at, keys] of [
    [1_000, ['stays', 'goes', 'goes', 'goes']], // 0 to 3: its tail goes
    [1_000, ['goes', 'other']], // 4, 5: these are the newest of their keys
    [9_000, ['last']], // 6: in the segment that is written
  ] as const)
    await producer.send({
      topic,
      acks: -1,
      messages: keys.map((key) => ({ key, value: key, timestamp: String(Date.now() - 60_000 + at) })),
    });
  await producer.disconnect();
});
after(async () => {
  await topics.close();
  await broker.stop();
});

let groups = 0;
async function read(from: number, bytesPerPartitionMax: number): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  const enough = new AbortController();
  await readPartitions({
    kafka,
    groupId: `compaction-${groups++}`,
    from: [{ topic, partition: 0, offset: from }],
    onBatch: (batch) => {
      batches.push(batch);
      if (batch.to >= 7) enough.abort();
      return Promise.resolve();
    },
    findLogStart: (partition) => topics.fetchLogStart(partition),
    onLost: (_, problem) => Promise.reject(new Error(problem)),
    signal: AbortSignal.any([enough.signal, AbortSignal.timeout(15_000)]),
    concurrency: 1,
    bytesPerPartitionMax,
  });
  return batches;
}
const offsetsOf = (batches: readonly RecordBatch[]): number[] => batches.flatMap(({ records }) => records.map(({ offset }) => offset));

test('what compaction took out of the log is a gap, however the log is cut into fetches, and all that stays is read once', async () => {
  await waitFor(async () => offsetsOf(await read(0, 1_048_576)).length === 4, { what: 'the log to be cleaned' });
  // With one byte a fetch is one batch of the log; 2 is in the middle of a tail that is gone.
  for (const { from, bytesPerPartitionMax } of [
    { from: 0, bytesPerPartitionMax: 1_048_576 },
    { from: 0, bytesPerPartitionMax: 1 },
    { from: 2, bytesPerPartitionMax: 1 },
  ]) {
    const batches = await read(from, bytesPerPartitionMax);
    assert.deepEqual(
      offsetsOf(batches),
      [0, 4, 5, 6].filter((offset) => offset >= from),
    );
    assert.deepEqual(
      [...batches.map((batch) => batch.from), 7],
      [from, ...batches.map((batch) => batch.to)],
      'batches follow each other to the end',
    );
  }
});
