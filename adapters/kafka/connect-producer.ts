import type { Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import type { DisposableClient } from '#adapters/kafka/client.ts';
import { toKafkaFailure } from '#adapters/kafka/client.ts';
import type { ProducerIdentity } from '#adapters/kafka/producer-identity.ts';
import { connectSuccessor } from '#adapters/kafka/producer-identity.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import { Failure } from '#domain/failures.ts';

/** An idempotent producer that is ready to send, and what its topics are like. */
export type ProducerConnection = {
  producer: Producer;
  identity: ProducerIdentity;
  /** Ends the producer's client at once, with whatever was on its way. */
  destroy(): void;
  partitionCounts: ReadonlyMap<string, number>;
  /** Bytes of records that any of the topics takes in one batch. */
  batchBytesMax: number;
  /** Whether one broker has all partitions of the topics, and will have. */
  oneBroker: boolean;
};

/** Room of a record batch for what an estimate of a record leaves out. */
const batchSlackBytes = 1_024;
const connectPauseMs = 250;

/**
 * Connects until it succeeds, with a client of its own each time, saying once why it does not; undefined where
 * `isClosing` ended it. The producer succeeds the one with the identity `before`.
 */
export async function connectProducer(options: {
  makeClient: () => DisposableClient;
  topicNames: readonly string[];
  before: ProducerIdentity | undefined;
  isClosing: () => boolean;
  log: Log;
}): Promise<ProducerConnection | undefined> {
  const { topicNames, log } = options;
  for (let told = false; !options.isClosing(); told = true) {
    const client = options.makeClient();
    const topics = makeKafkaTopics(client.kafka);
    const producer = client.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    try {
      const counts = await Promise.all(topicNames.map(async (topic) => [topic, await topics.partitionCount(topic)] as const));
      const limits = await Promise.all(topicNames.map((topic) => topics.messageBytesMax(topic)));
      const { replicaNodes } = await topics.describe(topicNames);
      await topics.close();
      const identity = await connectSuccessor(producer, options.before);
      // Loads the metadata of all topics, so that the first event need not.
      await producer.sendBatch({ acks: -1, topicMessages: topicNames.map((topic) => ({ topic, messages: [] })) });
      log.info('connected to Kafka', { topics: topicNames });
      return {
        producer,
        identity,
        destroy: () => client.destroy(),
        partitionCounts: new Map(counts),
        batchBytesMax: Math.min(...limits) - batchSlackBytes,
        oneBroker: replicaNodes <= 1,
      };
    } catch (error) {
      client.destroy();
      const failure = toKafkaFailure(error, 'connecting');
      if (!(failure instanceof Failure)) log.error('connecting to Kafka failed', { error: failure });
      else if (!told) log.warn('Kafka cannot be used yet; trying on', { error: failure });
      await delay(connectPauseMs);
    }
  }
  return undefined;
}
