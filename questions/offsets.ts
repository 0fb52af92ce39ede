import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { Offsets, PartitionRuler } from '#domain/answers/offsets.ts';
import { kinds } from '#domain/kinds/list.ts';
import type { Names } from '#domain/names.ts';

export type OffsetsDependencies = {
  names: Names;
  postgres: Pick<Postgres, 'query'>;
  topics: Pick<KafkaTopics, 'fetchOffsets' | 'fetchOffsetsAtTime' | 'retentionMs'>;
};

/** Records whose time is over by so much of the topic's retention are about to be deleted. */
const soonShare = 0.8;
/** Where the danger begins moves slowly, and asking for it is a request a topic. */
const deletedSoonMs = 30_000;

/** A landing range that is fixed but not landed is not in the lake: landing counts from its first offset. */
const selectReaders = `
  SELECT c.reader, c.topic, c.partition, c.problem,
    least(c.next_offset, (SELECT min(r.first_offset) FROM pinflow.landing_range r
      WHERE c.reader = 'landing' AND r.topic = c.topic AND r.partition = c.partition AND r.state = 'fixed')) AS next_offset,
    (SELECT k."offset" FROM pinflow.cut k
      WHERE c.reader = 'landing' AND k.topic = c.topic AND k.partition = c.partition ORDER BY k.at DESC LIMIT 1) AS cut
  FROM pinflow.checkpoint c WHERE c.topic = ANY($1)`;
type ReaderRow = {
  reader: 'landing' | 'stream';
  topic: string;
  partition: number;
  problem: string | null;
  next_offset: number;
  cut: number | null;
};

/**
 * Makes the look at all partitions.
 * @throws Failure of Kafka or Postgres.
 */
export function makeOffsetsLook({ names, postgres, topics }: OffsetsDependencies): () => Promise<Offsets> {
  let soon: { untilMs: number; offsets: ReadonlyMap<string, number> } | undefined;

  async function readDeletedSoon(): Promise<ReadonlyMap<string, number>> {
    if (soon !== undefined && Date.now() < soon.untilMs) return soon.offsets;
    const offsets = new Map<string, number>();
    for (const topic of names.topics) {
      const retentionMs = await topics.retentionMs(topic);
      if (retentionMs === null) continue;
      for (const { partition, offset } of await topics.fetchOffsetsAtTime(topic, Date.now() - retentionMs * soonShare))
        offsets.set(keyOf(topic, partition), offset);
    }
    soon = { untilMs: Date.now() + deletedSoonMs, offsets };
    return offsets;
  }

  return async () => {
    const rows = await postgres.query<ReaderRow>(selectReaders, [names.topics]);
    const byKey = Map.groupBy(rows, ({ topic, partition }) => keyOf(topic, partition));
    const deletedSoon = await readDeletedSoon();
    const partitions: PartitionRuler[] = [];
    for (const kind of kinds) {
      const topic = names.topicOf(kind);
      for (const { partition, low, high } of await topics.fetchOffsets(topic)) {
        const readers = byKey.get(keyOf(topic, partition)) ?? [];
        const landing = readers.find(({ reader }) => reader === 'landing');
        partitions.push({
          topic,
          kind,
          partition,
          logStart: low,
          deletedSoon: deletedSoon.get(keyOf(topic, partition)) ?? null,
          landed: landing?.next_offset ?? null,
          cut: landing?.cut ?? null,
          streamed: readers.find(({ reader }) => reader === 'stream')?.next_offset ?? null,
          logEnd: high,
          problems: readers.flatMap(({ reader, problem }) => (problem === null ? [] : [{ reader, problem }])),
        });
      }
    }
    return { at: new Date().toISOString(), partitions };
  };
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
