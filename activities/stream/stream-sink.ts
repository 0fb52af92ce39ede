import type { Advance } from '#activities/reader/checkpoints.ts';
import { advanceOver, advanceOverGap, advanceCheckpoint } from '#activities/reader/checkpoints.ts';
import type { OwnedPartition, Sink } from '#activities/reader/sink.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { SinkStatements, Upsert } from '#activities/stream/sink-statements.ts';
import type { DeadLetterReason } from '#activities/stream/outcome-rows.ts';
import { insertDeadLetter, insertRejects, insertStreamBatch } from '#activities/stream/outcome-rows.ts';
import { reduceToIdentities } from '#activities/stream/reduce-to-identities.ts';
import type { Care } from '#activities/stream/careful.ts';
import { applyWithCare, deathsMax, takeCare } from '#activities/stream/careful.ts';
import type { KnownGood } from '#activities/stream/known-good.ts';
import { assertCleansSample, makeKnownGood } from '#activities/stream/known-good.ts';
import type { CleanedBatch, Cleaning } from '#adapters/duckdb/lasting-cleaner.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { Failure, failureKindOf } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';
import { countOffsets } from '#domain/offset-gaps.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

export type StreamSinkOptions = {
  postgres: Postgres;
  names: Names;
  cleaner: Cleaning;
  statements: SinkStatements;
  /** Records of one transaction at most. */
  batchRows: number;
};

type Work = StreamSinkOptions & { knownGood: KnownGood };
type Partition = {
  owned: OwnedPartition;
  kind: Kind;
  from: number;
  /** First offset that is not applied yet, and first that was not handed in: between them lies no record. */
  to: number;
  seen: number;
  rows: number;
  care: Care | undefined;
};

/**
 * The sink that applies each record to Postgres exactly once: rows, metric changes, rejects, dead letters, the batch's
 * row and the next offset are one transaction, which begins with a compare-and-set on (epoch, next offset).
 */
export function makeStreamSink(options: StreamSinkOptions): Sink {
  const work: Work = { ...options, knownGood: makeKnownGood() };
  const partitions = new Map<string, Partition>();
  const get = (one: TopicPartition): Partition => {
    const found = partitions.get(partitionKey(one));
    if (found === undefined) throw new Error(`partition ${partitionKey(one)} was not begun`);
    return found;
  };
  return {
    async begin(owned) {
      const kind = options.names.kindOfTopic(owned.topic);
      if (kind === undefined) throw new Error(`topic ${owned.topic} carries no kind`);
      const care = await takeCare(options.postgres, owned, options.batchRows);
      const { nextOffset: from } = owned;
      partitions.set(partitionKey(owned), { owned, kind, from, to: from, seen: from, rows: 0, care });
      return from;
    },
    async accept(partition, records, to) {
      const state = get(partition);
      for (let start = 0; start < records.length; start += options.batchRows) {
        await applySlice(work, state, records.slice(start, start + options.batchRows));
      }
      // A tail that was compacted away comes offset by offset: gaps go with the records behind them, or with the next tick.
      state.seen = Math.max(state.to, to ?? 0);
    },
    tick: (partition) => passGap(options, get(partition)),
    finish: (partition) => passGap(options, get(partition)),
    progress(partition) {
      const { owned, from, to, rows } = get(partition);
      return { topic: owned.topic, partition: owned.partition, from, to, rows };
    },
  };
}

function applySlice(options: Work, state: Partition, records: LogRecord[]): Promise<void> {
  if (state.care === undefined || state.care.rowsLeft <= 0) return applyOrBisect(options, state, records, options.cleaner);
  return applyWithCare(
    options.cleaner,
    state.care,
    {
      postgres: options.postgres,
      owned: state.owned,
      kind: state.kind,
      apply: (part, cleaning) => applyOrBisect(options, state, part, cleaning),
      bury: (record) => bury(options, state, record, 'crashes_cleaning'),
    },
    records,
  );
}

/**
 * Cleans a batch and applies it in one transaction. Where the data is refused for good, or the engine dies, the halves are
 * applied on their own, down to the one record that becomes a dead letter, unless one that is known to be good fares no
 * better; each part is a transaction with its own compare-and-set. A batch that takes too long is halved as well, but a single record never dies of slowness, nor of a
 * fault of the program.
 */
async function applyOrBisect(options: Work, state: Partition, records: LogRecord[], cleaning: Cleaning): Promise<void> {
  let cleaned: CleanedBatch | undefined;
  try {
    cleaned = await cleaning.clean(state.kind, records);
    await apply(options, state, records, cleaned);
  } catch (error) {
    const kind = failureKindOf(error);
    const only = records.length === 1 ? records[0] : undefined;
    if (kind === 'invalid_data' && only !== undefined) {
      if (cleaned === undefined) await options.knownGood.assertCleaned(cleaning, state.kind);
      else await assertRefusedByRow(options, state, only, { cleaned, cleaning, refusal: error as Failure });
      return bury(options, state, only, cleaned === undefined ? 'refused_by_cleaning' : 'refused_by_sink', error as Failure);
    }
    if (kind === 'crashed' && only !== undefined) return cleaning.alone((alone) => tryAlone(options, state, only, alone));
    if (only !== undefined || (kind !== 'invalid_data' && kind !== 'timeout' && kind !== 'crashed')) throw error;
    const middle = Math.ceil(records.length / 2);
    await applyOrBisect(options, state, records.slice(0, middle), cleaning);
    await applyOrBisect(options, state, records.slice(middle), cleaning);
  }
}

/** Applies a record that the engine died beside, or buries it where the engine dies of it again and again while it is alone. */
async function tryAlone(options: Work, state: Partition, record: LogRecord, alone: Cleaning): Promise<void> {
  for (let death = 1; ; death++) {
    await assertCleansSample(alone.clean, state.kind);
    const cleaned = alone.clean(state.kind, [record]);
    if (!(await isCrash(cleaned))) return applyOrBisect(options, state, [record], { ...alone, clean: () => cleaned });
    if (death === deathsMax) return bury(options, state, record, 'crashes_cleaning');
  }
}

function isCrash(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    (error: unknown) => failureKindOf(error) === 'crashed',
  );
}

async function apply(options: StreamSinkOptions, state: Partition, records: LogRecord[], cleaned: CleanedBatch): Promise<void> {
  const step = advanceOver(state.to, records);
  const { upsert } = options.statements;
  await options.postgres.transaction((statements) => writeBatch(statements, upsert, state, step, { records, cleaned }));
  moved(state, step);
}

type Batch = { records: LogRecord[]; cleaned: CleanedBatch };

async function writeBatch(
  statements: Statements,
  upsert: Upsert,
  { owned, kind }: Partition,
  step: Advance,
  { records, cleaned }: Batch,
): Promise<void> {
  const { identities, rejects, clean } = reduceToIdentities(kind, cleaned);
  await advanceCheckpoint(statements, 'stream', owned, step);
  const upserted = await upsert(statements, kind, owned, identities);
  await insertRejects(statements, kind, records, rejects);
  const superseded = clean - identities.rows + upserted.superseded;
  await insertStreamBatch(statements, owned, step, {
    applied: upserted.applied,
    unchanged: upserted.unchanged,
    superseded,
    rejected: rejects.length,
    dead: 0,
  });
}

type Refused = { cleaned: CleanedBatch; cleaning: Cleaning; refusal: Failure };

/**
 * Before a record is blamed that the sink refused.
 * @throws Failure `fault` where its row can be written, and only what the metrics make of it cannot; or where not even the
 *   sample can be.
 */
async function assertRefusedByRow(options: Work, state: Partition, record: LogRecord, refused: Refused): Promise<void> {
  const { upsert, upsertWithoutMetrics } = options.statements;
  if (await isWritten(writeAndTakeBack(options, state, upsertWithoutMetrics, { records: [record], cleaned: refused.cleaned })))
    throw new Failure(
      'fault',
      `The row of the ${state.kind} at offset ${record.offset} can be written, but not what the metrics of ${state.kind} rows make of it: ${refused.refusal.message}`,
    );
  await options.knownGood.assertWritten(refused.cleaning, state.kind, record, (sample, cleaned) =>
    writeAndTakeBack(options, state, upsert, { records: [sample], cleaned }, (statements) =>
      insertRejects(statements, state.kind, [sample], [{ offset: sample.offset, reason: 'malformed_json' }]),
    ),
  );
}

class TakenBack extends Error {}

/** Writes in the place of the next records all that a batch may write, and what else is to be tried, and nothing of it stays. */
async function writeAndTakeBack(
  { postgres }: StreamSinkOptions,
  state: Partition,
  upsert: Upsert,
  batch: Batch,
  writeMore?: (statements: Statements) => Promise<void>,
): Promise<void> {
  const work = postgres.transaction(async (statements) => {
    await writeBatch(statements, upsert, state, advanceOver(state.to, batch.records), batch);
    await writeMore?.(statements);
    throw new TakenBack();
  });
  await work.catch((error: unknown) => {
    if (!(error instanceof TakenBack)) throw error;
  });
}

function isWritten(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    (error: unknown) => {
      if (failureKindOf(error) === 'invalid_data') return false;
      throw error;
    },
  );
}

async function bury(
  options: StreamSinkOptions,
  state: Partition,
  record: LogRecord,
  reason: DeadLetterReason,
  refusal?: Failure,
): Promise<void> {
  const step = advanceOver(state.to, [record]);
  await options.postgres.transaction(async (statements) => {
    await advanceCheckpoint(statements, 'stream', state.owned, step);
    await insertDeadLetter(statements, state.kind, record, reason, refusal);
    await insertStreamBatch(statements, state.owned, step, { ...nothing, dead: 1 });
  });
  moved(state, step);
}

const nothing = { applied: 0, unchanged: 0, superseded: 0, rejected: 0, dead: 0 };

/** Moves on over offsets that hold no record, behind the last one that came. */
async function passGap(options: StreamSinkOptions, state: Partition): Promise<void> {
  if (state.seen <= state.to) return;
  const step = advanceOverGap(state.to, state.seen);
  await options.postgres.transaction(async (statements) => {
    await advanceCheckpoint(statements, 'stream', state.owned, step);
    await insertStreamBatch(statements, state.owned, step, nothing);
  });
  moved(state, step);
}

function moved(state: Partition, { from, to, gaps }: Advance): void {
  state.to = to;
  state.rows += to - from - countOffsets(gaps);
}
