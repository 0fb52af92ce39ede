import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { OffsetGap } from '#domain/offset-gaps.ts';
import { countOffsets, findGaps, rangeText } from '#domain/offset-gaps.ts';
import type { TopicPartition } from '#domain/terms.ts';
import type { OwnedPartition, RecordMark } from '#activities/reader/sink.ts';

export type ReaderName = 'landing' | 'stream';

/** This process among all that may hold a partition. */
export const processName = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;

/**
 * Takes a partition: raises its epoch, so that every write of an older owner fails its compare-and-set. Waits for a
 * transaction of the old owner that is under way; that one commits before, or not at all.
 * `logStart` is where a partition that nobody ever read begins.
 */
export async function takePartition(
  postgres: Postgres,
  reader: ReaderName,
  partition: TopicPartition,
  owner: string,
  logStart: number,
): Promise<OwnedPartition> {
  await postgres.execute(
    `INSERT INTO pinflow.checkpoint (reader, topic, partition, next_offset) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [reader, partition.topic, partition.partition, logStart],
  );
  const [row] = await postgres.query<{
    epoch: number;
    next_offset: number;
    last_offset: number | null;
    last_append_time: Date | null;
    deaths: number;
  }>(
    `UPDATE pinflow.checkpoint SET epoch = epoch + 1, owner = $4, problem = NULL,
       deaths = deaths + (held_by IS NOT NULL AND held_by <> $5)::int, held_by = $5
     WHERE reader = $1 AND topic = $2 AND partition = $3 RETURNING epoch, next_offset, last_offset, last_append_time, deaths`,
    [reader, partition.topic, partition.partition, owner, processName],
  );
  if (row === undefined)
    throw new Failure('missing', `The checkpoint of ${reader} ${partition.topic}/${partition.partition} vanished while it was taken.`);
  return {
    ...partition,
    epoch: row.epoch,
    nextOffset: row.next_offset,
    last:
      row.last_offset === null || row.last_append_time === null
        ? null
        : { offset: row.last_offset, appendTimeMs: row.last_append_time.getTime() },
    deaths: row.deaths,
  };
}

/** Lets partitions go: whoever takes them next knows that nobody died of them. A process that takes them again knows that by itself. */
export async function releasePartitions(postgres: Postgres, reader: ReaderName, partitions: readonly OwnedPartition[]): Promise<void> {
  await postgres.execute(
    `UPDATE pinflow.checkpoint p SET held_by = NULL FROM unnest($2::text[], $3::int[], $4::bigint[]) AS o (topic, partition, epoch)
     WHERE p.reader = $1 AND p.topic = o.topic AND p.partition = o.partition AND p.epoch = o.epoch`,
    [reader, partitions.map(({ topic }) => topic), partitions.map(({ partition }) => partition), partitions.map(({ epoch }) => epoch)],
  );
}

/** A step of a partition's checkpoint: over records, of which it names the last, and over the gaps that Kafka made itself. */
export type Advance = { from: number; to: number; last: RecordMark | undefined; gaps: readonly OffsetGap[] };

/** The step over records in offset order, the first of which may lie behind `from`. */
export function advanceOver(from: number, records: readonly RecordMark[]): Advance {
  const last = records.at(-1);
  if (last === undefined) throw new Error('a step over records has at least one record');
  const to = last.offset + 1;
  return { from, to, last, gaps: findGaps(from, to, records) };
}

/** The step over offsets that hold no record. */
export function advanceOverGap(from: number, to: number): Advance {
  return { from, to, last: undefined, gaps: [{ from, to }] };
}

/**
 * Moves a partition's next offset within a transaction, first of all its statements: the row lock makes zombies queue,
 * and whoever comes second finds another (epoch, next offset).
 * @throws Failure `fenced` when another owner took over.
 */
export async function advanceCheckpoint(
  statements: Statements,
  reader: ReaderName,
  partition: OwnedPartition,
  { from, to, last, gaps }: Advance,
): Promise<void> {
  const lastGap = gaps.at(-1);
  const hit = await statements.prepared<{ epoch: number }>(
    'advance_checkpoint',
    `UPDATE pinflow.checkpoint SET next_offset = $6, last_offset = coalesce($7, last_offset), last_append_time = coalesce($8, last_append_time),
       gap_offsets = gap_offsets + $9, last_gap = coalesce($10::int8range, last_gap), updated_at = now(), deaths = 0
     WHERE reader = $1 AND topic = $2 AND partition = $3 AND epoch = $4 AND next_offset = $5 RETURNING epoch`,
    [
      reader,
      partition.topic,
      partition.partition,
      partition.epoch,
      from,
      to,
      last?.offset ?? null,
      last === undefined ? null : new Date(last.appendTimeMs),
      countOffsets(gaps),
      lastGap === undefined ? null : rangeText(lastGap),
    ],
  );
  if (hit.length === 0) {
    throw new Failure(
      'fenced',
      `${reader} ${partition.topic}/${partition.partition} was taken over: epoch ${partition.epoch} at offset ${from} is no longer the stored one.`,
    );
  }
}

/** Records why a partition stands still, for status and people; null that it no longer does. Only the owner may. */
export async function recordProblem(
  postgres: Postgres,
  reader: ReaderName,
  partition: OwnedPartition,
  problem: string | null,
): Promise<void> {
  await postgres.execute(`UPDATE pinflow.checkpoint SET problem = $5 WHERE reader = $1 AND topic = $2 AND partition = $3 AND epoch = $4`, [
    reader,
    partition.topic,
    partition.partition,
    partition.epoch,
    problem,
  ]);
}
