import type { Kafka } from 'kafkajs';
import { toKafkaFailure } from '#adapters/kafka/client.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

export type NewestRecords = {
  /**
   * The record with the newest append time over all partitions of the topics; undefined where they are empty. Finds what
   * was acked before it was called: callers share a look only while it has not begun.
   * @throws Failure `timeout`, `unavailable`
   */
  find(topicNames: readonly string[]): Promise<LogRecord | undefined>;
};

const lookMsMax = 5_000;
const bytesPerPartitionMax = 131_072;

/** One set of topics has one look at a time, so that eager clients do not become the broker's load. */
type Looks = { next: Promise<LogRecord | undefined> | undefined; ended: Promise<void> };

/** Makes a look at the ends of topics. `makeGroup` gives the vehicle of a look, a group id that was never used. */
export function makeNewestRecords(options: {
  kafka: Kafka;
  topics: Pick<KafkaTopics, 'fetchOffsets' | 'fetchLogStart'>;
  makeGroup: () => string;
}): NewestRecords {
  const looksOf = new Map<string, Looks>();

  async function look(looks: Looks, topicNames: readonly string[]): Promise<LogRecord | undefined> {
    const offsets = await Promise.all(
      topicNames.map(async (topic) => (await options.topics.fetchOffsets(topic)).map((row) => ({ topic, ...row }))),
    );
    const from = offsets.flatMap((rows) =>
      rows.filter(({ low, high }) => high > low).map(({ topic, partition, high }) => ({ topic, partition, offset: high - 1 })),
    );
    if (from.length === 0) return undefined;
    const found = Promise.withResolvers<LogRecord | undefined>();
    const stop = new AbortController();
    const left = new Set(from.map(keyOf));
    let newest: LogRecord | undefined;
    const note = (partition: TopicPartition, record?: LogRecord): Promise<void> => {
      if (record !== undefined && (newest === undefined || record.appendTimeMs > newest.appendTimeMs)) newest = record;
      left.delete(keyOf(partition));
      if (left.size === 0) {
        found.resolve(newest);
        stop.abort();
      }
      return Promise.resolve();
    };
    const giveUp = setTimeout(() => {
      found.reject(newestLate());
      stop.abort();
    }, lookMsMax);
    // The consumer takes its time to leave; its caller need not wait, the next look does.
    looks.ended = readPartitions({
      kafka: options.kafka,
      groupId: options.makeGroup(),
      from,
      onBatch: (batch) => note(batch, batch.records.at(-1)),
      findLogStart: (partition) => options.topics.fetchLogStart(partition),
      // Retention took the record meanwhile: the partition is as good as empty.
      onLost: (partition) => note(partition),
      signal: stop.signal,
      concurrency: 1,
      bytesPerPartitionMax,
    })
      .catch((error: unknown) => found.reject(toKafkaFailure(error, 'looking at the newest records')))
      .finally(() => clearTimeout(giveUp));
    return found.promise;
  }

  return {
    find(topicNames) {
      const name = topicNames.join();
      const looks = looksOf.get(name) ?? { next: undefined, ended: Promise.resolve() };
      looksOf.set(name, looks);
      looks.next ??= looks.ended.then(() => {
        looks.next = undefined;
        return look(looks, topicNames);
      });
      return looks.next;
    },
  };
}

/** Nothing was found in time, and nothing was consumed. */
export function newestLate(): Failure {
  return new Failure('timeout', `Kafka did not hand out the newest records within ${lookMsMax} ms. Ask again later.`);
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
