import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '#adapters/config.ts';
import { requestBytesMax } from '#adapters/kafka/producer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import { Failure } from '#domain/failures.ts';
import { makeNames } from '#domain/names.ts';

/** Key, headers and framing that come on top of an event's bytes in its record. */
const recordOverheadBytes = 2_048;
const retryMs = 500;

/** Creates or checks the topics; waits for Kafka as long as it takes, but not with topics that are wrong. */
export async function prepareTopics(topics: KafkaTopics, config: Config, log: Log, isDraining: () => boolean): Promise<void> {
  const names = makeNames(config.prefix);
  for (let told = false; !isDraining(); told = true) {
    try {
      await topics.ensureTopics({
        topics: names.topics,
        partitions: config.topicPartitions,
        replicas: config.topicReplicas,
        minInsync: config.topicMinInsync,
      });
      const limit = Math.min(...(await Promise.all(names.topics.map((topic) => topics.messageBytesMax(topic)))));
      const wanted = config.ingestMaxEventBytes + recordOverheadBytes;
      if (wanted > requestBytesMax)
        throw new Failure(
          'configuration',
          `INGEST_MAX_EVENT_BYTES is ${config.ingestMaxEventBytes}, but a produce request of the door holds ${requestBytesMax} bytes with all that comes on top: set it to ${requestBytesMax - recordOverheadBytes} or less.`,
        );
      if (wanted > limit)
        throw new Failure(
          'configuration',
          `INGEST_MAX_EVENT_BYTES is ${config.ingestMaxEventBytes}, but a topic takes record batches of ${limit} bytes only: lower it, or raise max.message.bytes of the topics.`,
        );
      return;
    } catch (error) {
      if (!(error instanceof Failure) || !error.canRetry) throw error;
      if (!told) log.warn('topics cannot be prepared yet; trying on', { error });
      await delay(retryMs);
    }
  }
}
