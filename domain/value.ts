import { isUtf8 } from 'node:buffer';

/** Why a value is a reject before any field of it is looked at. */
export const valueRejects = ['malformed_json', 'invalid_utf8', 'not_an_object', 'duplicate_key', 'too_deep'] as const;
export type ValueReject = (typeof valueRejects)[number];

/**
 * What a value is, checked once per record by landing and by the stream:
 * - `splice: true`: a JSON object that every later reader takes as it stands, on one line.
 * - `splice: false` without a reject: a JSON object, but with raw line breaks or a leading BOM (see `textOfValue`).
 * - `reject`: no row can be made of it.
 */
export type ValueClass = { reject: null; splice: boolean } | { reject: ValueReject; splice: false };

/** Deepest nesting that is taken: readers of JSON die of deep nesting, not only refuse it. `{"a":1}` is one level. */
export const levelsMax = 100;

/** Levels that a request may put around its rows, as in `{"records":[{"value":{...}}]}`. */
export const wrapperLevelsMax = 3;

/**
 * Classifies a record's value, or a body that wraps values: then `levels` is up to `levelsMax + wrapperLevelsMax`. One
 * pass over the bytes checks the whole JSON grammar (RFC 8259), nesting, keys and surrogates; JSON.parse would need a
 * second pass for keys and would not see the rest. Reading stops at what is wrong first in this order: UTF-8, then
 * grammar or depth in reading order, then not_an_object, duplicate_key, lone surrogates (`"\ud83d"`, no Unicode text,
 * so `invalid_utf8`).
 */
export function classifyValue(value: Uint8Array | null, levels = levelsMax): ValueClass {
  if (value === null || value.length === 0) return rejected.malformed_json;
  if (!isUtf8(value)) return rejected.invalid_utf8;
  const bom = startsWithBom(value);
  const found = scan(value, bom ? 3 : 0, levels);
  if (found < 0) return found === MALFORMED ? rejected.malformed_json : rejected.too_deep;
  if ((found & IS_OBJECT) === 0) return rejected.not_an_object;
  if ((found & DUPLICATE_KEY) !== 0) return rejected.duplicate_key;
  if ((found & LONE_SURROGATE) !== 0) return rejected.invalid_utf8;
  return bom || (found & LINE_BREAK) !== 0 ? apart : splice;
}

/** The JSON text of a value that is no reject: the value without a leading BOM. */
export function textOfValue(value: Buffer): string {
  return value.toString('utf8', startsWithBom(value) ? 3 : 0);
}

const splice: ValueClass = Object.freeze({ reject: null, splice: true });
const apart: ValueClass = Object.freeze({ reject: null, splice: false });
const rejected = Object.freeze(
  Object.fromEntries(valueRejects.map((reject) => [reject, Object.freeze({ reject, splice: false })])),
) as Record<ValueReject, ValueClass>;

function startsWithBom(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

// What scan() answers: a negative number that ends it, or the sum of what it saw.
const MALFORMED = -1;
const TOO_DEEP = -2;
const IS_OBJECT = 1;
const DUPLICATE_KEY = 2;
const LONE_SURROGATE = 4;
const LINE_BREAK = 8;

/** Keys of one object that are compared with each other one by one; an object with more gets a Set. */
const keysComparedMax = 16;

// Bytes that end the fast run through a string: the quote, the backslash, and control characters.
const PLAIN = new Uint8Array(256).fill(1).fill(0, 0, 0x20);
PLAIN[0x22] = 0;
PLAIN[0x5c] = 0;

// Scratch of scan(), which is synchronous: keys of all open objects, and where each level's keys begin.
const depths = levelsMax + wrapperLevelsMax + 1;
const isObjectAt = new Uint8Array(depths);
const firstKeyAt = new Int32Array(depths);
const keySetAt: (Set<string> | null)[] = new Array<Set<string> | null>(depths).fill(null);
const keyStart = new Int32Array(depths * keysComparedMax);
const keyEnd = new Int32Array(depths * keysComparedMax);
const keyHash = new Int32Array(depths * keysComparedMax);

/** The scanner. Between tokens it is in one of four states; strings and numbers are read in place. */
function scan(bytes: Uint8Array, from: number, levels: number): number {
  const end = bytes.length;
  let i = from;
  let seen = 0;
  let depth = 0;
  let keys = 0;
  let state: 'value' | 'value or ]' | 'key' | 'key or }' | 'after' = 'value';

  for (;;) {
    let c = i < end ? bytes[i]! : -1;
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
      if (c === 0x0a || c === 0x0d) seen |= LINE_BREAK;
      c = ++i < end ? bytes[i]! : -1;
    }

    if (state === 'after') {
      if (depth === 0) return c === -1 ? seen : MALFORMED;
      const inObject = isObjectAt[depth] === 1;
      if (c === 0x2c) state = inObject ? 'key' : 'value';
      else if (c === (inObject ? 0x7d : 0x5d)) {
        keys = firstKeyAt[depth]!;
        depth -= 1;
      } else return MALFORMED;
      i += 1;
      continue;
    }

    if (state === 'key' || state === 'key or }') {
      if (c === 0x7d && state === 'key or }') {
        depth -= 1;
        state = 'after';
        i += 1;
        continue;
      }
      if (c !== 0x22) return MALFORMED;
      const start = i + 1;
      let hash = 0;
      let p = start;
      while (p < end && PLAIN[bytes[p]!] === 1) hash = (Math.imul(hash, 31) + bytes[p++]!) | 0;
      let escaped = false;
      if (p < end && bytes[p] === 0x5c) {
        escaped = true;
        const stop = stringEnd(bytes, start);
        if (stop === MALFORMED) return MALFORMED;
        if (stop < 0) {
          seen |= LONE_SURROGATE;
          p = -stop;
        } else p = stop;
      } else if (p >= end || bytes[p] !== 0x22) return MALFORMED;
      const first = firstKeyAt[depth]!;
      if (keySetAt[depth] === null && !escaped && keys - first < keysComparedMax) {
        for (let k = first; k < keys; k++)
          if (keyHash[k] === hash && sameBytes(bytes, keyStart[k]!, keyEnd[k]!, start, p)) seen |= DUPLICATE_KEY;
        keyStart[keys] = start;
        keyEnd[keys] = p;
        keyHash[keys] = hash;
        keys += 1;
      } else {
        const set = (keySetAt[depth] ??= new Set(
          Array.from({ length: keys - first }, (_, k) => keyText(bytes, keyStart[first + k]!, keyEnd[first + k]!)),
        ));
        const text = keyText(bytes, start, p);
        if (set.has(text)) seen |= DUPLICATE_KEY;
        set.add(text);
      }
      i = p + 1;
      c = i < end ? bytes[i]! : -1;
      while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        if (c === 0x0a || c === 0x0d) seen |= LINE_BREAK;
        c = ++i < end ? bytes[i]! : -1;
      }
      if (c !== 0x3a) return MALFORMED;
      i += 1;
      state = 'value';
      continue;
    }

    // A value, or the end of an empty array.
    if (c === 0x22) {
      let p = i + 1;
      while (p < end && PLAIN[bytes[p]!] === 1) p += 1;
      if (p >= end) return MALFORMED;
      if (bytes[p] !== 0x22) {
        const stop = stringEnd(bytes, p);
        if (stop === MALFORMED) return MALFORMED;
        if (stop < 0) {
          seen |= LONE_SURROGATE;
          p = -stop;
        } else p = stop;
      }
      i = p + 1;
      state = 'after';
    } else if (c === 0x7b || c === 0x5b) {
      if (depth === levels) return TOO_DEEP;
      if (depth === 0 && c === 0x7b) seen |= IS_OBJECT;
      depth += 1;
      isObjectAt[depth] = c === 0x7b ? 1 : 0;
      firstKeyAt[depth] = keys;
      keySetAt[depth] = null;
      state = c === 0x7b ? 'key or }' : 'value or ]';
      i += 1;
    } else if (c === 0x5d && state === 'value or ]') {
      depth -= 1;
      state = 'after';
      i += 1;
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      i = numberEnd(bytes, i);
      if (i < 0) return MALFORMED;
      state = 'after';
    } else {
      const length = literalLength(bytes, i, c);
      if (length === 0) return MALFORMED;
      i += length;
      state = 'after';
    }
  }
}

/** Index of the quote that ends a string whose content goes on at `from`; negated if it has a lone surrogate; or MALFORMED. */
function stringEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.length;
  let lone = false;
  let i = from;
  for (;;) {
    while (i < end && PLAIN[bytes[i]!] === 1) i += 1;
    if (i >= end) return MALFORMED;
    const c = bytes[i]!;
    if (c === 0x22) return lone ? -i : i;
    if (c !== 0x5c || i + 1 >= end) return MALFORMED;
    const escape = bytes[i + 1]!;
    if (escape !== 0x75) {
      if (!isSimpleEscape(escape)) return MALFORMED;
      i += 2;
      continue;
    }
    const unit = hex4(bytes, i + 2);
    if (unit < 0) return MALFORMED;
    i += 6;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = unit <= 0xdbff && i + 1 < end && bytes[i] === 0x5c && bytes[i + 1] === 0x75 ? hex4(bytes, i + 2) : 0;
    if (next >= 0xdc00 && next <= 0xdfff) i += 6;
    else lone = true;
  }
}

/** Index after a number that begins at `from`, or MALFORMED. */
function numberEnd(bytes: Uint8Array, from: number): number {
  let i = bytes[from] === 0x2d ? from + 1 : from;
  const integer = i;
  i = digitsEnd(bytes, i);
  if (i === integer || (bytes[integer] === 0x30 && i > integer + 1)) return MALFORMED;
  if (bytes[i] === 0x2e) {
    const fraction = i + 1;
    i = digitsEnd(bytes, fraction);
    if (i === fraction) return MALFORMED;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    let exponent = i + 1;
    if (bytes[exponent] === 0x2b || bytes[exponent] === 0x2d) exponent += 1;
    i = digitsEnd(bytes, exponent);
    if (i === exponent) return MALFORMED;
  }
  return i;
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i += 1;
  return i;
}

const literals = { 0x74: Buffer.from('true'), 0x66: Buffer.from('false'), 0x6e: Buffer.from('null') } as Record<number, Buffer>;

function literalLength(bytes: Uint8Array, at: number, first: number): number {
  const literal = literals[first];
  if (literal === undefined) return 0;
  for (let k = 0; k < literal.length; k++) if (bytes[at + k] !== literal[k]) return 0;
  return literal.length;
}

function isSimpleEscape(c: number): boolean {
  return c === 0x22 || c === 0x5c || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74;
}

function hex4(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let k = 0; k < 4; k++) {
    const c = at + k < bytes.length ? bytes[at + k]! : 0;
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function sameBytes(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false;
  for (let k = 0; k < aEnd - a; k++) if (bytes[a + k] !== bytes[b + k]) return false;
  return true;
}

function keyText(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(`"${Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')}"`) as string;
}
