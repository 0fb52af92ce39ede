import type { RejectRow } from '#activities/stream/reduce-to-identities.ts';
import type { Advance } from '#activities/reader/checkpoints.ts';
import type { OwnedPartition } from '#activities/reader/sink.ts';
import type { Statements } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import type { Failure } from '#domain/failures.ts';
import { countOffsets, multirangeText } from '#domain/offset-gaps.ts';
import { keyIdOf, liftHeaders } from '#domain/raw-line.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';

export type BatchOutcome = {
  applied: number;
  superseded: number;
  unchanged: number;
  rejected: number;
  dead: number;
};

/** Writes what became of the records of a step. @throws RangeError when the counts do not add up: then a record got lost. */
export async function insertStreamBatch(
  statements: Statements,
  partition: OwnedPartition,
  { from, to, gaps }: Advance,
  outcome: BatchOutcome,
): Promise<void> {
  const { applied, superseded, unchanged, rejected, dead } = outcome;
  const records = to - from - countOffsets(gaps);
  if (applied + superseded + unchanged + rejected + dead !== records) {
    throw new RangeError(
      `offsets ${from} to ${to} of ${partition.topic}/${partition.partition} hold ${records} records, but ${JSON.stringify(outcome)} accounts for another number`,
    );
  }
  await statements.prepared(
    'insert_stream_batch',
    `INSERT INTO pinflow.stream_batch (topic, partition, first_offset, last_offset, epoch, applied, superseded, unchanged, rejected, dead, gaps)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::int8multirange)`,
    [
      partition.topic,
      partition.partition,
      from,
      to - 1,
      partition.epoch,
      applied,
      superseded,
      unchanged,
      rejected,
      dead,
      multirangeText(gaps),
    ],
  );
}

/** Writes the rejects of a batch with their bytes, so that they can be shown and sent again. */
export async function insertRejects(statements: Statements, kind: Kind, records: LogRecord[], rejects: RejectRow[]): Promise<void> {
  if (rejects.length === 0) return;
  const byOffset = new Map(records.map((record) => [record.offset, record]));
  const rejected = rejects.map(({ offset }) => byOffset.get(offset) as LogRecord);
  await statements.prepared(
    'insert_rejects',
    `INSERT INTO pinflow.stream_reject (kind, topic, partition, "offset", reason, append_time, event_id, source, key_id, value)
     SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::bytea[])`,
    [
      kind,
      rejected.map(({ topic }) => topic),
      rejected.map(({ partition }) => partition),
      rejected.map(({ offset }) => offset),
      rejects.map(({ reason }) => reason),
      rejected.map(({ appendTimeMs }) => new Date(appendTimeMs)),
      rejected.map((record) => liftHeaders(record).eventId),
      rejected.map((record) => liftHeaders(record).source),
      rejected.map((record) => keyIdOf(record)),
      rejected.map(({ value }) => value),
    ],
  );
}

export type DeadLetterReason = 'refused_by_cleaning' | 'refused_by_sink' | 'crashes_cleaning';

const sentences: Record<DeadLetterReason, (state: string | null) => string> = {
  refused_by_cleaning: () => 'The cleaning SQL refused the value.',
  refused_by_sink: (state) => `Postgres refused the row with SQLSTATE ${state}.`,
  crashes_cleaning: () => 'The engine that cleans records died of this one, each time that it was tried.',
};

/** Writes the one record that cannot be applied, with its bytes. What was said of it may quote data: only its state is kept. */
export async function insertDeadLetter(
  statements: Statements,
  kind: Kind,
  record: LogRecord,
  reason: DeadLetterReason,
  refusal: Failure | undefined,
): Promise<void> {
  const state = sqlStateOf(refusal) ?? null;
  await statements.execute(
    `INSERT INTO pinflow.dead_letter (topic, partition, "offset", kind, reason, sqlstate, message, append_time, event_id, value) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      record.topic,
      record.partition,
      record.offset,
      kind,
      reason,
      state,
      sentences[reason](state),
      new Date(record.appendTimeMs),
      liftHeaders(record).eventId,
      record.value,
    ],
  );
}
