import type { LogRecord, OffsetRange, TopicPartition } from '#domain/terms.ts';

/** What tells a record from another one at the same offset. */
export type RecordMark = Pick<LogRecord, 'offset' | 'appendTimeMs'>;

/** A partition that this attempt owns: writes are valid only while the stored epoch is still this one. */
export type OwnedPartition = TopicPartition & {
  epoch: number;
  nextOffset: number;
  /** The record before nextOffset, gaps apart: tells whether Kafka still has the log that was read. Null before the first. */
  last: RecordMark | null;
  /** Owners in a row that were gone without letting go, since the checkpoint moved last. */
  deaths: number;
};

/**
 * What a reader does with records; landing and the stream are the two. One sink serves one attempt of one slot; calls
 * for one partition never overlap.
 */
export type Sink = {
  /** Prepares a partition just taken and says where reading has to start (at or before its nextOffset). */
  begin(partition: OwnedPartition): Promise<number>;
  /**
   * Takes the records of the next offsets, in order, up to `to` (default: behind the last of them). What holds no record
   * in between is a gap that Kafka made itself. May buffer: only what `progress` reports is durable.
   */
  accept(partition: TopicPartition, records: LogRecord[], to?: number): Promise<void>;
  /** Called about once a second between batches, for what depends on time. */
  tick(partition: TopicPartition): Promise<void>;
  /** Makes durable what is buffered; the partition's last call. */
  finish(partition: TopicPartition): Promise<void>;
  /** Durable progress of this attempt. */
  progress(partition: TopicPartition): OffsetRange & { rows: number };
};

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
