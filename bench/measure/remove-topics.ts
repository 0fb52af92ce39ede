import type { Kafka } from 'kafkajs';

/** On given brokers nothing else would ever remove what a benchmark filled. */
export async function removeTopics(kafka: Kafka, names: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [...names] });
  } finally {
    await admin.disconnect();
  }
}
