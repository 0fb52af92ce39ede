import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import kafkajs from 'kafkajs';

/** Sends values to a partition in transactions, one after the other: each ends with a marker, which takes an offset. */
export async function sendInTransactions(
  kafka: Kafka,
  topic: string,
  transactions: readonly { values: readonly string[]; outcome: 'commit' | 'abort' }[],
  partition = 0,
): Promise<void> {
  const producer = kafka.producer({
    transactionalId: randomUUID(),
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  for (const { values, outcome } of transactions) {
    const transaction = await producer.transaction();
    await transaction.send({ topic, acks: -1, messages: values.map((value) => ({ partition, value })) });
    await transaction[outcome]();
  }
  await producer.disconnect();
}
