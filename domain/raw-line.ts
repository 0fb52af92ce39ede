import { isUtf8 } from 'node:buffer';
import type { LogRecord } from '#domain/terms.ts';
import { headerNames } from '#domain/terms.ts';
import { classifyValue } from '#domain/value.ts';

/**
 * A raw object is NDJSON, a line a record, in offset order, each line ended by \n. Members stand in this order:
 *
 *   "p"  partition
 *   "o"  offset
 *   "t"  append time, Unix ms
 *   "k"  key: text, or null for no key;  or instead  "kb"  key in base64, where it is not UTF-8
 *   "e"  event-id, "r" received-at, "s" source: header values, or null where not lifted
 *   "h"  headers in wire order, each one of
 *          [name, text]           a header
 *          [name, null, base64]   a header whose value is not UTF-8
 *          "e" | "r" | "s"        here stood the header that was lifted
 *   then either
 *   "v"  the client's bytes as they came: a JSON object. Always last, so that they can be cut out again
 *   or
 *   "x"  reject code; only where the value is a reject
 *   "b"  the value in base64, or null for a record without a value
 *
 * A header is lifted where its name occurs once and its value is plain text: UTF-8 without control characters.
 * The topic is not in the line: the object's name holds it.
 */
export function encodeRawLine(record: LogRecord): Buffer {
  return encodeRawLines([record]);
}

/** Encodes records, a line each, into one buffer. The batch is the base case: one allocation, no copies of values. */
export function encodeRawLines(records: readonly LogRecord[]): Buffer {
  const heads = new Array<string>(records.length);
  const spliced = new Array<boolean>(records.length);
  let bytesMax = 0;
  for (const [i, record] of records.entries()) {
    const { value } = record;
    const { reject, splice } = classifyValue(value);
    const head = headOf(record);
    const body = splice
      ? ',"v":'
      : `${reject === null ? '' : `,"x":"${reject}"`},"b":${value === null ? 'null' : `"${value.toString('base64')}"`}`;
    const text = head + body;
    heads[i] = text;
    spliced[i] = splice;
    bytesMax += text.length * 3 + (splice ? value!.length : 0) + 2;
  }
  const out = Buffer.allocUnsafe(bytesMax);
  let at = 0;
  for (const [i, record] of records.entries()) {
    at += out.write(heads[i]!, at);
    if (spliced[i]!) {
      out.set(record.value!, at);
      at += record.value!.length;
    }
    out[at++] = 0x7d;
    out[at++] = 0x0a;
  }
  return out.subarray(0, at);
}

/**
 * Gives back the record that a line was made of, byte for byte.
 * @param line one line, with or without its \n.
 */
export function decodeRawLine(line: Buffer | string): Omit<LogRecord, 'topic'> {
  const bytes = typeof line === 'string' ? Buffer.from(line) : line;
  // Quotes inside strings are escaped, so these bytes can only be our own member, and it is the last one.
  const cut = bytes.indexOf(',"v":');
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  const head = JSON.parse(cut < 0 ? bytes.toString('utf8', 0, end) : `${bytes.toString('utf8', 0, cut)}}`) as RawLine;
  const lifted = { e: headerNames.eventId, r: headerNames.receivedAt, s: headerNames.source };
  return {
    partition: head.p,
    offset: head.o,
    appendTimeMs: head.t,
    key: head.kb !== undefined ? Buffer.from(head.kb, 'base64') : bytesOf(head.k ?? null),
    value: cut >= 0 ? bytes.subarray(cut + 5, end - 1) : head.b == null ? null : Buffer.from(head.b, 'base64'),
    headers: head.h.map((header) => {
      if (typeof header === 'string') return [lifted[header], Buffer.from(head[header]!)];
      return [header[0], header[1] === null ? Buffer.from(header[2], 'base64') : Buffer.from(header[1])];
    }),
  };
}

/**
 * The well-known headers of a record as text: event-id, received-at, source; null where absent, sent twice or not
 * plain text. The stream and the raw lines take them from here, so both see the same.
 */
export function liftHeaders(record: LogRecord): Lifted {
  const lifted: Lifted = { eventId: null, receivedAt: null, source: null };
  const { headers } = record;
  for (const [name, value] of headers) {
    const field = fieldOf(name);
    if (field !== null && isOnly(headers, name)) lifted[field] = plainText(value);
  }
  return lifted;
}

/** Id of the API key that sent the record; null where there was none. Not lifted: raw lines keep it among the headers. */
export function keyIdOf({ headers }: LogRecord): string | null {
  const found = headers.find(([name]) => name === headerNames.keyId);
  return found === undefined || !isOnly(headers, headerNames.keyId) ? null : plainText(found[1]);
}

export type Lifted = { eventId: string | null; receivedAt: string | null; source: string | null };

type RawLine = {
  p: number;
  o: number;
  t: number;
  k?: string | null;
  kb?: string;
  e: string | null;
  r: string | null;
  s: string | null;
  h: ('e' | 'r' | 's' | [name: string, text: string] | [name: string, text: null, base64: string])[];
  x?: string;
  b?: string | null;
};

const letterOf = { eventId: 'e', receivedAt: 'r', source: 's' } as const;

function headOf(record: LogRecord): string {
  const { key } = record;
  const lifted = liftHeaders(record);
  let headers = '';
  for (const [name, value] of record.headers) {
    const field = fieldOf(name);
    if (headers !== '') headers += ',';
    // A name sent twice is never lifted, so a lifted field belongs to this header.
    if (field !== null && lifted[field] !== null) headers += `"${letterOf[field]}"`;
    else if (isUtf8(value)) headers += `[${JSON.stringify(name)},${JSON.stringify(value.toString('utf8'))}]`;
    else headers += `[${JSON.stringify(name)},null,"${value.toString('base64')}"]`;
  }
  const keyMember =
    key === null ? '"k":null' : isUtf8(key) ? `"k":${JSON.stringify(key.toString('utf8'))}` : `"kb":"${key.toString('base64')}"`;
  return `{"p":${record.partition},"o":${record.offset},"t":${record.appendTimeMs},${keyMember},"e":${textOrNull(lifted.eventId)},"r":${textOrNull(lifted.receivedAt)},"s":${textOrNull(lifted.source)},"h":[${headers}]`;
}

function fieldOf(name: string): keyof Lifted | null {
  if (name === headerNames.eventId) return 'eventId';
  if (name === headerNames.receivedAt) return 'receivedAt';
  return name === headerNames.source ? 'source' : null;
}

function isOnly(headers: LogRecord['headers'], name: string): boolean {
  let count = 0;
  for (const header of headers) if (header[0] === name) count += 1;
  return count === 1;
}

// A byte order mark would be lost by decoders along the way; it is no plain text either.
const notPlain = /[\u0000-\u001f\u007f\ufeff]/;

function plainText(value: Buffer): string | null {
  if (!isUtf8(value)) return null;
  const text = value.toString('utf8');
  return notPlain.test(text) ? null : text;
}

function textOrNull(text: string | null): string {
  return text === null ? 'null' : JSON.stringify(text);
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text);
}
