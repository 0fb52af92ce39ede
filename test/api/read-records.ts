import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { LogRecord } from '#domain/terms.ts';

/** Reads a topic from its start to its high watermark, in order of partition and offset. */
export async function readRecords(kafka: Kafka, topics: KafkaTopics, topic: string): Promise<LogRecord[]> {
  const wanted = (await topics.fetchOffsets(topic)).reduce((sum, { low, high }) => sum + high - low, 0);
  if (wanted === 0) return [];
  const consumer = kafka.consumer({ groupId: `pinflow-test-${randomUUID()}` });
  const records: LogRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        // What a restart mends (a coordinator that still loads) is no reason to give up.
        if (!payload.restart) reject(payload.error);
      });
      void consumer
        .run({
          autoCommit: false,
          async eachMessage({ partition, message }) {
            records.push({
              topic,
              partition,
              offset: Number(message.offset),
              appendTimeMs: Number(message.timestamp),
              key: message.key,
              value: message.value,
              headers: Object.entries(message.headers ?? {}).map(([name, value]) => [name, value as Buffer]),
            });
            if (records.length === wanted) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records.sort((left, right) => left.partition - right.partition || left.offset - right.offset);
}
