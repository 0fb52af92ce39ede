/** A record as kafkajs hands it to its encoder: the message it was given, and its distance from the batch's first. */
export type BatchRecord = {
  key?: unknown;
  value?: unknown;
  headers?: Record<string, unknown>;
  offsetDelta?: number;
  timestampDelta?: number;
};

/**
 * The sizes of records in the order in which they are written: a record's body, key (-1: null), value (-1: null), number
 * of headers; then each header's name and value. All in bytes.
 */
export type RecordSizes = { sizes: number[]; totalBytes: number };

/** Zigzag of such numbers fits 31 bits, so that a varlong is a varint. Timestamps may be 12 days apart. */
const deltaMax = 2 ** 30;
/** Short ASCII is quicker copied in a loop than by a call into Node. */
const loopCharsMax = 64;

/**
 * Computes what `writeRecords` needs. Undefined where a record holds anything but Buffers, strings and null: what kafkajs
 * makes of it (mostly an error) is then for kafkajs to say.
 */
export function measureRecords(records: readonly BatchRecord[]): RecordSizes | undefined {
  const sizes: number[] = [];
  let totalBytes = 0;
  for (const { key, value, headers = {}, offsetDelta = 0, timestampDelta = 0 } of records) {
    if (!isSmall(offsetDelta) || !isSmall(timestampDelta) || headers === null || typeof headers !== 'object') return undefined;
    const slot = sizes.length;
    const keyBytes = sizeOf(key);
    const valueBytes = sizeOf(value);
    sizes.push(0, keyBytes, valueBytes, 0);
    let count = 0;
    let body = 1 + varIntBytes(timestampDelta) + varIntBytes(offsetDelta) + fieldBytes(keyBytes) + fieldBytes(valueBytes);
    for (const name of Object.keys(headers)) {
      const given = headers[name];
      const nameBytes = sizeOf(name);
      // A header that is there several times is an array.
      for (const one of Array.isArray(given) ? (given as unknown[]) : [given]) {
        const bytes = one == null ? unusual : sizeOf(one);
        if (bytes === unusual) return undefined;
        sizes.push(nameBytes, bytes);
        body += fieldBytes(nameBytes) + fieldBytes(bytes);
        count += 1;
      }
    }
    if (keyBytes === unusual || valueBytes === unusual) return undefined;
    body += varIntBytes(count);
    sizes[slot] = body;
    sizes[slot + 3] = count;
    totalBytes += fieldBytes(body);
  }
  return { sizes, totalBytes };
}

/**
 * Writes the records that were measured into `bytes` from `start` on:
 * length varint, attributes int8, timestampDelta varlong, offsetDelta varint, key, value, headers (count varint, then
 * name and value each). A field is its length as a varint, -1 for null, and its bytes.
 */
export function writeRecords(bytes: Buffer, start: number, records: readonly BatchRecord[], { sizes }: RecordSizes): void {
  let at = start;
  let next = 0;
  for (const { key, value, headers = {}, offsetDelta = 0, timestampDelta = 0 } of records) {
    at = writeVarInt(bytes, at, sizes[next]!);
    bytes[at] = 0;
    at = writeVarInt(bytes, at + 1, timestampDelta);
    at = writeVarInt(bytes, at, offsetDelta);
    at = writeField(bytes, at, key as Field, sizes[next + 1]!);
    at = writeField(bytes, at, value as Field, sizes[next + 2]!);
    at = writeVarInt(bytes, at, sizes[next + 3]!);
    next += 4;
    for (const name of Object.keys(headers)) {
      const given = headers[name];
      for (const one of Array.isArray(given) ? (given as unknown[]) : [given]) {
        at = writeField(bytes, at, name, sizes[next]!);
        at = writeField(bytes, at, one as Field, sizes[next + 1]!);
        next += 2;
      }
    }
  }
}

type Field = Buffer | string | null | undefined;

const unusual = -2;

/** Bytes of a key, value or header; -1 for null. */
function sizeOf(field: unknown): number {
  if (typeof field === 'string') return Buffer.byteLength(field);
  if (field == null) return -1;
  return Buffer.isBuffer(field) ? field.length : unusual;
}

function fieldBytes(size: number): number {
  return varIntBytes(size) + Math.max(size, 0);
}

function isSmall(delta: number): boolean {
  return Number.isInteger(delta) && delta < deltaMax && delta >= -deltaMax;
}

function varIntBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
}

function writeVarInt(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; zigzag >= 0x80; zigzag >>>= 7) bytes[at++] = (zigzag & 0x7f) | 0x80;
  bytes[at] = zigzag;
  return at + 1;
}

function writeField(bytes: Buffer, start: number, field: Field, size: number): number {
  const at = writeVarInt(bytes, start, size);
  if (size <= 0) return at;
  if (typeof field !== 'string') bytes.set(field!, at);
  else if (size === field.length && size <= loopCharsMax) for (let i = 0; i < size; i += 1) bytes[at + i] = field.charCodeAt(i);
  else bytes.write(field, at, size);
  return at + size;
}
