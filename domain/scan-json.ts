import { closedAt } from '#domain/pass-over-json.ts';

/**
 * The grammar of JSON (RFC 8259), once for all who look at a client's bytes as they came: what a value is
 * (`classifyValue`), where its members stand (`record-values.ts`), why it is none (`explain-json.ts`). Only
 * `split-rows.ts` has rules of its own, and says why.
 */

/** What scanJson() answers: a negative number that ends it, or the sum of what it saw. */
export const MALFORMED = -1;
const TOO_DEEP = -2;
export const IS_OBJECT = 1;
export const DUPLICATE_KEY = 2;
export const LONE_SURROGATE = 4;
export const LINE_BREAK = 8;

/** One who is told what is read. A depth is the number of objects and arrays around what is told of; all places are bytes. */
export type Watch = {
  /**
   * For a text that is known to be JSON: objects and arrays in so many others are passed over unread. `characters` is the
   * text with one character a byte (latin1): searching it is faster than looking at each byte.
   */
  passOver?: { depth: number; characters: string };
  /** A member's key, between its quotes. */
  key?(depth: number, from: number, to: number): void;
  begin?(depth: number, at: number): void;
  /** Half-open: the first byte behind the value. */
  end?(depth: number, at: number): void;
  /** What ends the text as JSON, in the words of Python's json module; the answer is MALFORMED then. */
  problem?(at: number, error: string): void;
};

/** Nesting within which keys are compared; `levels` of a scan that nobody watches may not be more. */
const comparedLevelsMax = 127;
/** Keys of one object that are compared with each other one by one; an object with more gets a Set. */
const keysComparedMax = 16;

// Bytes that end the fast run through a string: the quote, the backslash, and control characters.
const PLAIN = new Uint8Array(256).fill(1).fill(0, 0, 0x20);
PLAIN[0x22] = 0;
PLAIN[0x5c] = 0;

// Scratch of scanJson(), which is synchronous and which no watch calls: keys of all open objects, and where each level's keys begin.
const depths = comparedLevelsMax + 1;
const isObjectAt = new Uint8Array(depths);
const firstKeyAt = new Int32Array(depths);
const keySetAt: (Set<string> | null)[] = new Array<Set<string> | null>(depths).fill(null);
const keyStart = new Int32Array(depths * keysComparedMax);
const keyEnd = new Int32Array(depths * keysComparedMax);
const keyHash = new Int32Array(depths * keysComparedMax);

/**
 * The scanner. Between tokens it is in one of five states; strings and numbers are read in place.
 * @param levels nesting that is taken. `bytes` are UTF-8: this is not checked again.
 * @param watch who is told; keys are compared, and DUPLICATE_KEY is seen, only where it is null.
 */
export function scanJson(bytes: Uint8Array, from: number, levels: number, watch: Watch | null): number {
  if (watch === null && levels > comparedLevelsMax) throw new RangeError(`keys are compared within ${comparedLevelsMax} levels`);
  const isObject = levels < depths ? isObjectAt : new Uint8Array(levels + 1);
  const end = bytes.length;
  let i = from;
  let seen = 0;
  let depth = 0;
  let keys = 0;
  let state: 'value' | 'value or ]' | 'key' | 'key or }' | 'after' = 'value';

  for (;;) {
    const behind = i;
    let c = i < end ? bytes[i]! : -1;
    while (c <= 0x20 && (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)) {
      if (c === 0x0a || c === 0x0d) seen |= LINE_BREAK;
      c = ++i < end ? bytes[i]! : -1;
    }

    if (state === 'after') {
      if (watch !== null) watch.end?.(depth, behind);
      if (depth === 0) return c === -1 ? seen : malformed(watch, i, 'Extra data');
      const inObject = isObject[depth] === 1;
      if (c === 0x2c) state = inObject ? 'key' : 'value';
      else if (c === (inObject ? 0x7d : 0x5d)) {
        if (watch === null) keys = firstKeyAt[depth]!;
        depth -= 1;
      } else return malformed(watch, i, "Expecting ',' delimiter");
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
      if (c !== 0x22) return malformed(watch, i, 'Expecting property name enclosed in double quotes');
      const start = i + 1;
      let hash = 0;
      let p = start;
      while (p < end && PLAIN[bytes[p]!] === 1) hash = (Math.imul(hash, 31) + bytes[p++]!) | 0;
      let escaped = false;
      if (p >= end || bytes[p] !== 0x22) {
        escaped = true;
        const stop = stringEnd(bytes, i, p, watch);
        if (stop === MALFORMED) return MALFORMED;
        if (stop < 0) {
          seen |= LONE_SURROGATE;
          p = -stop;
        } else p = stop;
      }
      if (watch !== null) watch.key?.(depth, start, p);
      else {
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
      }
      i = p + 1;
      c = i < end ? bytes[i]! : -1;
      while (c <= 0x20 && (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)) {
        if (c === 0x0a || c === 0x0d) seen |= LINE_BREAK;
        c = ++i < end ? bytes[i]! : -1;
      }
      if (c !== 0x3a) return malformed(watch, i, "Expecting ':' delimiter");
      c = ++i < end ? bytes[i]! : -1;
      while (c <= 0x20 && (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)) {
        if (c === 0x0a || c === 0x0d) seen |= LINE_BREAK;
        c = ++i < end ? bytes[i]! : -1;
      }
    }

    // A value, or the end of an empty array.
    if (c === 0x5d && state === 'value or ]') {
      depth -= 1;
      state = 'after';
      i += 1;
      continue;
    }
    if (watch !== null) watch.begin?.(depth, i);
    if (c === 0x22) {
      let p = i + 1;
      while (p < end && PLAIN[bytes[p]!] === 1) p += 1;
      if (p >= end || bytes[p] !== 0x22) {
        const stop = stringEnd(bytes, i, p, watch);
        if (stop === MALFORMED) return MALFORMED;
        if (stop < 0) {
          seen |= LONE_SURROGATE;
          p = -stop;
        } else p = stop;
      }
      i = p + 1;
      state = 'after';
    } else if (c === 0x7b || c === 0x5b) {
      if (watch?.passOver !== undefined && depth >= watch.passOver.depth) {
        i = closedAt(watch.passOver.characters, i);
        state = 'after';
        continue;
      }
      if (depth === levels) return TOO_DEEP;
      if (depth === 0 && c === 0x7b) seen |= IS_OBJECT;
      depth += 1;
      isObject[depth] = c === 0x7b ? 1 : 0;
      if (watch === null) {
        firstKeyAt[depth] = keys;
        keySetAt[depth] = null;
      }
      state = c === 0x7b ? 'key or }' : 'value or ]';
      i += 1;
    } else {
      const stop = c === 0x2d || (c >= 0x30 && c <= 0x39) ? numberEnd(bytes, i) : i + literalLength(bytes, i, c);
      if (stop === i) return malformed(watch, i, 'Expecting value');
      i = stop;
      state = 'after';
    }
  }
}

function malformed(watch: Watch | null, at: number, error: string): typeof MALFORMED {
  watch?.problem?.(at, error);
  return MALFORMED;
}

/**
 * Index of the quote that ends the string that was opened at `open` and goes on at `from`; negated if it has a lone
 * surrogate; or MALFORMED.
 */
function stringEnd(bytes: Uint8Array, open: number, from: number, watch: Watch | null): number {
  const end = bytes.length;
  let lone = false;
  let i = from;
  for (;;) {
    while (i < end && PLAIN[bytes[i]!] === 1) i += 1;
    if (i >= end) return malformed(watch, open, 'Unterminated string starting at');
    const c = bytes[i]!;
    if (c === 0x22) return lone ? -i : i;
    if (c !== 0x5c) return malformed(watch, i, 'Invalid control character at');
    if (i + 1 >= end) return malformed(watch, open, 'Unterminated string starting at');
    const escape = bytes[i + 1]!;
    if (escape !== 0x75) {
      if (!isSimpleEscape(escape)) return malformed(watch, i, 'Invalid \\escape');
      i += 2;
      continue;
    }
    const unit = hex4(bytes, i + 2);
    if (unit < 0) return malformed(watch, i + 1, 'Invalid \\uXXXX escape');
    i += 6;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = unit <= 0xdbff && i + 1 < end && bytes[i] === 0x5c && bytes[i + 1] === 0x75 ? hex4(bytes, i + 2) : 0;
    if (next >= 0xdc00 && next <= 0xdfff) i += 6;
    else lone = true;
  }
}

/**
 * Index after the longest number that begins at `from`, which is `from` where there is none. What may not follow it (`01`,
 * `1.`, `1e`) is no value's end either.
 */
function numberEnd(bytes: Uint8Array, from: number): number {
  const integer = bytes[from] === 0x2d ? from + 1 : from;
  let i = bytes[integer] === 0x30 ? integer + 1 : digitsEnd(bytes, integer);
  if (i === integer) return from;
  if (bytes[i] === 0x2e) {
    const stop = digitsEnd(bytes, i + 1);
    if (stop === i + 1) return i;
    i = stop;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    const exponent = bytes[i + 1] === 0x2b || bytes[i + 1] === 0x2d ? i + 2 : i + 1;
    const stop = digitsEnd(bytes, exponent);
    if (stop > exponent) i = stop;
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
