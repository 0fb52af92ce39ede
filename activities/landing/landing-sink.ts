import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { advancePosition } from '#activities/reader/positions.ts';
import type { OwnedPartition, Sink } from '#activities/reader/sink.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { rawObjectKey } from '#domain/raw-object.ts';
import { decodeRawLine, encodeRawLines } from '#domain/raw-line.ts';
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
type Buffered = {
  lines: Buffer[];
  bytes: number;
  first: number;
  last: number;
  hour: number;
  appendTimeMin: number;
  appendTimeMax: number;
  lastAppendTimeMs: number;
  since: number;
};
type Partition = {
  owned: OwnedPartition;
  fixed: FixedRange[];
  buffered: Buffered | undefined;
  start: number;
  landedTo: number;
  rows: number;
};

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
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
      partitions.set(partitionKey(owned), { owned, fixed, buffered: undefined, start, landedTo: start, rows: 0 });
      return start;
    },
    async accept(partition, records) {
      const state = get(partition);
      for (const piece of cutAtBoundaries(state, records, options.flushBytes)) {
        append(state, piece.records);
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

/**
 * Splits records at the ends that are known beforehand: the last offset of a fixed range, a change of hour (keys carry
 * the hour of append time), the size. `complete` says that the object ends after the piece.
 */
function* cutAtBoundaries(
  state: Partition,
  records: LogRecord[],
  flushBytes: number,
): Generator<{ records: LogRecord[]; complete: boolean }> {
  let piece: LogRecord[] = [];
  let bytes = state.buffered?.bytes ?? 0;
  let hour = state.buffered?.hour;
  for (const record of records) {
    const fixedLast = state.fixed[0]?.last;
    const recordHour = Math.floor(record.appendTimeMs / hourMs);
    if (fixedLast === undefined && hour !== undefined && recordHour !== hour) {
      yield { records: piece, complete: true };
      piece = [];
      bytes = 0;
    }
    hour = recordHour;
    piece.push(record);
    bytes += approximateLineBytes(record);
    if (fixedLast === undefined ? bytes >= flushBytes : record.offset === fixedLast) {
      yield { records: piece, complete: true };
      piece = [];
      bytes = 0;
      hour = undefined;
    }
  }
  if (piece.length > 0) yield { records: piece, complete: false };
}

/** Envelope and headers of a line come to about 200 bytes; only the flush size depends on it. */
function approximateLineBytes(record: LogRecord): number {
  return (record.value?.length ?? 0) + 200;
}

function append(state: Partition, records: LogRecord[]): void {
  const first = records[0];
  if (first === undefined) return;
  const lines = encodeRawLines(records);
  const buffered = (state.buffered ??= {
    lines: [],
    bytes: 0,
    first: first.offset,
    last: first.offset,
    hour: Math.floor(first.appendTimeMs / hourMs),
    appendTimeMin: Infinity,
    appendTimeMax: -Infinity,
    lastAppendTimeMs: first.appendTimeMs,
    since: Date.now(),
  });
  buffered.lines.push(lines);
  buffered.bytes += lines.length;
  for (const record of records) {
    buffered.last = record.offset;
    buffered.lastAppendTimeMs = record.appendTimeMs;
    buffered.appendTimeMin = Math.min(buffered.appendTimeMin, record.appendTimeMs);
    buffered.appendTimeMax = Math.max(buffered.appendTimeMax, record.appendTimeMs);
  }
}

async function flush(options: LandingOptions, state: Partition): Promise<void> {
  const { buffered, owned } = state;
  if (buffered === undefined) return;
  const planned = state.fixed[0];
  const range = planned ?? (await fixRange(options.postgres, owned, buffered));
  if (range.first !== buffered.first || range.last !== buffered.last) {
    throw new Error(
      `buffer ${buffered.first}-${buffered.last} of ${partitionKey(owned)} is not the fixed range ${range.first}-${range.last}`,
    );
  }
  const lines = Buffer.concat(buffered.lines, buffered.bytes);
  const object = await putObject(options.s3, range.objectKey, lines);
  await options.postgres.execute(
    `UPDATE pinflow.landing_range
     SET state = 'landed', landed_at = now(), records = $4, content_bytes = $5, object_bytes = $6, content_sha256 = $7, append_time_min = $8, append_time_max = $9
     WHERE topic = $1 AND partition = $2 AND first_offset = $3 AND state = 'fixed'`,
    [
      owned.topic,
      owned.partition,
      range.first,
      range.last - range.first + 1,
      object.contentBytes,
      object.objectBytes,
      object.contentSha256,
      new Date(buffered.appendTimeMin),
      new Date(buffered.appendTimeMax),
    ],
  );
  if (planned !== undefined) state.fixed.shift();
  state.buffered = undefined;
  state.landedTo = range.last + 1;
  state.rows += range.last - range.first + 1;
}

/** Decides, once and for all, which records the next object holds. */
async function fixRange(
  postgres: Postgres,
  owned: OwnedPartition,
  { first, last, appendTimeMin, lastAppendTimeMs }: Buffered,
): Promise<FixedRange> {
  const objectKey = rawObjectKey(owned.topic, owned.partition, first, last, appendTimeMin);
  await postgres.transaction(async (statements) => {
    await advancePosition(statements, 'landing', owned, { from: first, to: last + 1, lastAppendTimeMs });
    await statements.execute(
      `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, object_key) VALUES ($1, $2, $3, $4, $5, $6)`,
      [owned.topic, owned.partition, first, last, owned.epoch, objectKey],
    );
  });
  return { first, last, objectKey };
}

type LandedObject = { contentBytes: number; objectBytes: number; contentSha256: string };

/**
 * Writes the object, or adopts the one that an earlier attempt wrote. Its lines may differ in form when another version
 * of this code wrote them; the records in them may not.
 */
async function putObject(s3: S3, key: string, lines: Buffer): Promise<LandedObject> {
  const object = await compress(lines, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  if ((await s3.putIfAbsent(key, object)) === 'created')
    return { contentBytes: lines.length, objectBytes: object.length, contentSha256: sha256(lines) };
  const existing = await s3.get(key);
  const existingLines = await decompress(existing);
  if (!existingLines.equals(lines) && !holdSameRecords(existingLines, lines)) {
    throw new Failure(
      'check_failed',
      `Object ${key} is there with other records than Kafka has for the same offsets: it is not overwritten. Was the topic created anew? Move the object away, or use another bucket.`,
    );
  }
  return { contentBytes: existingLines.length, objectBytes: existing.length, contentSha256: sha256(existingLines) };
}

function holdSameRecords(one: Buffer, other: Buffer): boolean {
  const parse = (lines: Buffer): string =>
    lines
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { partition, offset, appendTimeMs, key, value } = decodeRawLine(line);
        return JSON.stringify([partition, offset, appendTimeMs, key?.toString('base64') ?? null, value?.toString('base64') ?? null]);
      })
      .join('\n');
  return parse(one) === parse(other);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
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
  return cut !== undefined && cut.offset > buffered.first;
}
