import { putRawObject } from '#activities/landing/put-raw-object.ts';
import { advanceCheckpoint } from '#activities/reader/checkpoints.ts';
import type { OwnedPartition, RecordMark, Sink } from '#activities/reader/sink.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import type { OffsetGap } from '#domain/offset-gaps.ts';
import { findGaps, multirangeText } from '#domain/offset-gaps.ts';
import { rawObjectKey } from '#domain/raw-object.ts';
import { encodeRawLines } from '#domain/raw-line.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

export type LandingOptions = {
  postgres: Postgres;
  s3: S3;
  /** Uncompressed bytes of one partition that end a raw object. */
  flushBytes: number;
  /** Uncompressed bytes over all partitions of the slot above which the largest buffer is flushed early. */
  bufferBytesMax: number;
  /** Age of the oldest buffered record's arrival that ends a raw object. */
  flushMs: number;
};

type FixedRange = { first: number; last: number; objectKey: string };
/** What the next object will hold: the offsets `[from, to)`, of which those in `gaps` have no record. */
type Buffered = {
  lines: Buffer[];
  bytes: number;
  from: number;
  to: number;
  records: number;
  gaps: OffsetGap[];
  /** Of the records; undefined before the first. */
  hour: number | undefined;
  appendTimeMin: number;
  appendTimeMax: number;
  last: RecordMark | undefined;
  since: number;
};
type Partition = {
  owned: OwnedPartition;
  fixed: FixedRange[];
  buffered: Buffered | undefined;
  /** First offset that neither an object nor the buffer covers. */
  next: number;
  start: number;
  landedTo: number;
  rows: number;
};

const hourMs = 3_600_000;

/**
 * The sink that lands every byte: raw objects in S3, each record in exactly one.
 *
 * The range is fixed first (a Postgres row, with a compare-and-set on epoch and next offset), then the object is
 * uploaded under a key that holds first and last offset, then the row is marked landed. A crash in between leaves a
 * fixed row; the next owner reads exactly that range again and adopts or writes the same object.
 */
export function makeLandingSink(options: LandingOptions): Sink {
  const partitions = new Map<string, Partition>();
  const get = (one: TopicPartition): Partition => {
    const found = partitions.get(partitionKey(one));
    if (found === undefined) throw new Error(`partition ${partitionKey(one)} was not begun`);
    return found;
  };
  const bufferedBytes = (): number => [...partitions.values()].reduce((sum, { buffered }) => sum + (buffered?.bytes ?? 0), 0);

  return {
    async begin(owned) {
      const rows = await options.postgres.query<{ first_offset: number; last_offset: number; object_key: string }>(
        `SELECT first_offset, last_offset, object_key FROM pinflow.landing_range
         WHERE topic = $1 AND partition = $2 AND state = 'fixed' ORDER BY first_offset`,
        [owned.topic, owned.partition],
      );
      const fixed = rows.map((row) => ({ first: row.first_offset, last: row.last_offset, objectKey: row.object_key }));
      const start = fixed[0]?.first ?? owned.nextOffset;
      partitions.set(partitionKey(owned), { owned, fixed, buffered: undefined, next: start, start, landedTo: start, rows: 0 });
      return start;
    },
    async accept(partition, records, to = endOf(records)) {
      const state = get(partition);
      for (const piece of cutAtBoundaries(state, records, to, options.flushBytes)) {
        append(state, piece.records, piece.to);
        if (piece.complete) await flush(options, state);
      }
      if (state.fixed.length === 0 && bufferedBytes() > options.bufferBytesMax) await flush(options, state);
    },
    async tick(partition) {
      const state = get(partition);
      const buffered = state.buffered;
      // A fixed range is only ever landed whole.
      if (buffered === undefined || state.fixed.length > 0) return;
      if (Date.now() - buffered.since >= options.flushMs || (await hasCutWithin(options.postgres, state))) await flush(options, state);
    },
    async finish(partition) {
      const state = get(partition);
      if (state.buffered !== undefined && state.fixed.length === 0) await flush(options, state);
    },
    progress(partition) {
      const { owned, start, landedTo, rows } = get(partition);
      return { topic: owned.topic, partition: owned.partition, from: start, to: landedTo, rows };
    },
  };
}

/** Where the offsets of records end. */
function endOf(records: readonly RecordMark[]): number {
  const last = records.at(-1);
  if (last === undefined) throw new Error('without records it must be said where they end');
  return last.offset + 1;
}

type Piece = { records: LogRecord[]; to: number; complete: boolean };

/**
 * Splits records at the ends that are known beforehand: the last offset of a fixed range (which may hold no record), a
 * change of hour (keys carry the hour of append time), the size. `complete` says that the object ends after the piece.
 */
function* cutAtBoundaries(state: Partition, records: LogRecord[], to: number, flushBytes: number): Generator<Piece> {
  let piece: LogRecord[] = [];
  let bytes = state.buffered?.bytes ?? 0;
  let hour = state.buffered?.hour;
  const cut = (end: number): Piece => {
    const complete = { records: piece, to: end, complete: true };
    piece = [];
    bytes = 0;
    hour = undefined;
    return complete;
  };
  const fixedTo = (): number => (state.fixed[0] === undefined ? Infinity : state.fixed[0].last + 1);
  for (const record of records) {
    while (record.offset >= fixedTo()) yield cut(fixedTo());
    const recordHour = Math.floor(record.appendTimeMs / hourMs);
    const isFixed = state.fixed.length > 0;
    if (!isFixed && hour !== undefined && recordHour !== hour) yield cut(piece.length > 0 ? endOf(piece) : state.next);
    hour = recordHour;
    piece.push(record);
    bytes += approximateLineBytes(record);
    if (isFixed ? record.offset + 1 === fixedTo() : bytes >= flushBytes) yield cut(record.offset + 1);
  }
  while (to >= fixedTo()) yield cut(fixedTo());
  if (piece.length > 0 || to > state.next) yield { records: piece, to, complete: false };
}

/** Envelope and headers of a line come to about 200 bytes; only the flush size depends on it. */
function approximateLineBytes(record: LogRecord): number {
  return (record.value?.length ?? 0) + 200;
}

function append(state: Partition, records: LogRecord[], to: number): void {
  if (to <= state.next) return;
  const buffered = (state.buffered ??= {
    lines: [],
    bytes: 0,
    from: state.next,
    to: state.next,
    records: 0,
    gaps: [],
    hour: undefined,
    appendTimeMin: Infinity,
    appendTimeMax: -Infinity,
    last: undefined,
    since: Date.now(),
  });
  buffered.gaps.push(...findGaps(state.next, to, records));
  buffered.to = to;
  state.next = to;
  if (records.length === 0) return;
  const lines = encodeRawLines(records);
  buffered.lines.push(lines);
  buffered.bytes += lines.length;
  buffered.records += records.length;
  buffered.last = records.at(-1);
  for (const { appendTimeMs } of records) {
    buffered.hour ??= Math.floor(appendTimeMs / hourMs);
    buffered.appendTimeMin = Math.min(buffered.appendTimeMin, appendTimeMs);
    buffered.appendTimeMax = Math.max(buffered.appendTimeMax, appendTimeMs);
  }
}

async function flush(options: LandingOptions, state: Partition): Promise<void> {
  const { buffered, owned } = state;
  if (buffered === undefined) return;
  const planned = state.fixed[0];
  if (planned === undefined && buffered.records === 0) {
    await passGap(options.postgres, owned, buffered);
    return landed(state, buffered);
  }
  const range = planned ?? (await fixRange(options.postgres, owned, buffered));
  if (range.first !== buffered.from || range.last + 1 !== buffered.to) {
    throw new Error(
      `buffer ${buffered.from}-${buffered.to - 1} of ${partitionKey(owned)} is not the fixed range ${range.first}-${range.last}`,
    );
  }
  const lines = Buffer.concat(buffered.lines, buffered.bytes);
  const object = await putRawObject(options.s3, range.objectKey, lines);
  await options.postgres.execute(
    `UPDATE pinflow.landing_range
     SET state = 'landed', landed_at = now(), records = $4, content_bytes = $5, object_bytes = $6, content_sha256 = $7, append_time_min = $8, append_time_max = $9,
       gaps = $10::int8multirange
     WHERE topic = $1 AND partition = $2 AND first_offset = $3 AND state = 'fixed'`,
    [
      owned.topic,
      owned.partition,
      range.first,
      buffered.records,
      object.contentBytes,
      object.objectBytes,
      object.contentSha256,
      timeOf(buffered.appendTimeMin),
      timeOf(buffered.appendTimeMax),
      multirangeText(buffered.gaps),
    ],
  );
  if (planned !== undefined) state.fixed.shift();
  landed(state, buffered);
}

/** Null where a range holds no record. */
function timeOf(appendTimeMs: number): Date | null {
  return Number.isFinite(appendTimeMs) ? new Date(appendTimeMs) : null;
}

function landed(state: Partition, { to, records }: Buffered): void {
  state.buffered = undefined;
  state.landedTo = to;
  state.rows += records;
}

/** Covers offsets that hold no record: there is nothing to upload, so the range is landed at once. */
async function passGap(postgres: Postgres, owned: OwnedPartition, { from, to, gaps }: Buffered): Promise<void> {
  await postgres.transaction(async (statements) => {
    await advanceCheckpoint(statements, 'landing', owned, { from, to, last: undefined, gaps });
    await statements.execute(
      `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, state, records, object_bytes, gaps, landed_at)
       VALUES ($1, $2, $3, $4, $5, 'landed', 0, 0, $6::int8multirange, now())`,
      [owned.topic, owned.partition, from, to - 1, owned.epoch, multirangeText(gaps)],
    );
  });
}

/** Decides, once and for all, which records the next object holds. */
async function fixRange(postgres: Postgres, owned: OwnedPartition, { from, to, appendTimeMin, last, gaps }: Buffered): Promise<FixedRange> {
  const range = { first: from, last: to - 1 };
  const objectKey = rawObjectKey(owned.topic, owned.partition, range.first, range.last, appendTimeMin);
  await postgres.transaction(async (statements) => {
    await advanceCheckpoint(statements, 'landing', owned, { from, to, last, gaps });
    await statements.execute(
      `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, object_key) VALUES ($1, $2, $3, $4, $5, $6)`,
      [owned.topic, owned.partition, range.first, range.last, owned.epoch, objectKey],
    );
  });
  return { ...range, objectKey };
}

/** Whether an interval's cut lies within or behind the buffered range: the batch waits for exactly these records. */
async function hasCutWithin(postgres: Postgres, { owned, buffered }: Partition): Promise<boolean> {
  if (buffered === undefined) return false;
  // Cuts are monotone, so the latest is the highest.
  const [cut] = await postgres.prepared<{ offset: number }>(
    'latest_cut',
    `SELECT "offset" FROM pinflow.cut WHERE topic = $1 AND partition = $2 ORDER BY at DESC LIMIT 1`,
    [owned.topic, owned.partition],
  );
  return cut !== undefined && cut.offset > buffered.from;
}
