import { setTimeout as delay } from 'node:timers/promises';
import type { Emit } from '#questions/tail/tail-lines.ts';
import { textOfLine, textOfRecord } from '#questions/tail/tail-lines.ts';
import type { ReadOptions } from '#adapters/kafka/reader.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { Failure } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

export type RecordTailOptions = {
  kafka: ReadOptions['kafka'];
  topics: Pick<KafkaTopics, 'fetchOffsets' | 'fetchLogStart' | 'fetchOffsetsAtTime'>;
  names: Names;
  kinds: readonly Kind[];
  /** Append time to begin at, Unix ms; undefined means now. */
  sinceMs: number | undefined;
  /** A Kafka group that was never used. */
  makeGroup: () => string;
};

/** Follows until `signal` aborts; rejects where following on makes no sense. */
export type Follow = (emit: Emit, signal: AbortSignal) => Promise<void>;

type Place = TopicPartition & { offset: number; end: number };

const bytesPerPartitionMax = 262_144;
const retryMs = 500;

/**
 * Fixes where a tail of the topics begins. What is in the log by now is shown in full, what comes later as far as the
 * reader keeps up.
 * @throws Failure where Kafka cannot say.
 */
export async function openRecordTail(options: RecordTailOptions): Promise<Follow> {
  const { topics, names, kinds, sinceMs } = options;
  const places = (
    await Promise.all(
      kinds.map(async (kind): Promise<Place[]> => {
        const topic = names.topicOf(kind);
        const ends = await topics.fetchOffsets(topic);
        const starts = sinceMs === undefined ? [] : await topics.fetchOffsetsAtTime(topic, sinceMs);
        const startOf = new Map(starts.map(({ partition, offset }) => [partition, offset]));
        return ends.map(({ partition, high }) => ({ topic, partition, offset: Math.min(startOf.get(partition) ?? high, high), end: high }));
      }),
    )
  ).flat();
  const placeOf = new Map(places.map((place) => [`${place.topic}/${place.partition}`, place]));

  return async (emit, signal) => {
    const note = (message: string): void => void emit(textOfLine({ type: 'note', message }), false);
    const take = async (record: LogRecord): Promise<void> => {
      const place = placeOf.get(`${record.topic}/${record.partition}`)!;
      const kind = names.kindOfTopic(record.topic)!;
      await emit(textOfRecord(kind, record), record.offset < place.end);
      place.offset = record.offset + 1;
    };
    while (!signal.aborted) {
      try {
        await readPartitions({
          kafka: options.kafka,
          groupId: options.makeGroup(),
          from: places,
          onBatch: async ({ records }) => {
            for (const record of records) if (!signal.aborted) await take(record);
          },
          findLogStart: (place) => topics.fetchLogStart(place),
          onLost: async (_partition, problem) => note(problem),
          signal,
          concurrency: 1,
          bytesPerPartitionMax,
        });
      } catch (error) {
        if (!(error instanceof Failure) || !error.canRetry) throw error;
        note(`${error.message} Trying on.`);
        // Ends early where the tail ends.
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };
}
