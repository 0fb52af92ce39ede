import type { ReaderName } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import type { ReadOptions } from '#adapters/kafka/reader.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { Names } from '#domain/names.ts';
import type { TopicPartition } from '#domain/terms.ts';

/** A slot reads partition i of every topic where i mod slots = slot. Offsets are strings: this crosses Temporal. */
export type SegmentInput = { slot: number; slots: number; segment: number; segmentMs: number };
export type SegmentPartition = TopicPartition & { from: string; to: string; rows: number; lag: number; problem: string | null };
export type SegmentResult = { ended: 'time' | 'asked' | 'nothing_left'; partitions: SegmentPartition[]; rows: number };

export type SegmentDependencies = {
  reader: ReaderName;
  names: Names;
  postgres: Postgres;
  topics: KafkaTopics;
  /** Reads the log; bound to a client. */
  read: (options: Omit<ReadOptions, 'kafka'>) => Promise<void>;
  makeSink: () => Sink;
  log: Log;
  concurrency: number;
  bytesPerPartitionMax: number;
  /** How long a partition stands still before the slot ends its segment early and takes it anew. */
  lookAgainMs: number;
};
