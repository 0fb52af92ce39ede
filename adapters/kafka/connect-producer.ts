import type { Kafka, Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { toKafkaFailure } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import { Failure } from '#domain/failures.ts';

/** An idempotent producer that is ready to send, and what its topics are like. */
export type ProducerConnection = {
  producer: Producer;
  partitionCounts: ReadonlyMap<string, number>;
  /** Bytes of records that any of the topics takes in one batch. */
  batchBytesMax: number;
  /** Whether one broker has all partitions of the topics, and will have. */
  oneBroker: boolean;
};

/** Room of a record batch for what an estimate of a record leaves out. */
const batchSlackBytes = 1_024;
const connectPauseMs = 250;

/** Connects until it succeeds, saying once why it does not; undefined where `isClosing` ended it. */
export async function connectProducer(options: {
  kafka: Kafka;
  topics: Pick<KafkaTopics, 'partitionCount' | 'messageBytesMax' | 'describe'>;
  topicNames: readonly string[];
  isClosing: () => boolean;
  log: Log;
}): Promise<ProducerConnection | undefined> {
  const { kafka, topics, topicNames, log } = options;
  for (let told = false; !options.isClosing(); told = true) {
    const producer = kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    try {
      const counts = await Promise.all(topicNames.map(async (topic) => [topic, await topics.partitionCount(topic)] as const));
      const limits = await Promise.all(topicNames.map((topic) => topics.messageBytesMax(topic)));
      const { replicaNodes } = await topics.describe(topicNames);
      await producer.connect();
      // Loads the metadata of all topics, so that the first event need not.
      await producer.sendBatch({ acks: -1, topicMessages: topicNames.map((topic) => ({ topic, messages: [] })) });
      log.info('connected to Kafka', { topics: topicNames });
      return {
        producer,
        partitionCounts: new Map(counts),
        batchBytesMax: Math.min(...limits) - batchSlackBytes,
        oneBroker: replicaNodes <= 1,
      };
    } catch (error) {
      void producer.disconnect().catch(() => undefined);
      const failure = toKafkaFailure(error, 'connecting');
      if (!(failure instanceof Failure)) log.error('connecting to Kafka failed', { error: failure });
      else if (!told) log.warn('Kafka cannot be used yet; trying on', { error: failure });
      await delay(connectPauseMs);
    }
  }
  return undefined;
}
