/**
 * Finds the client's own bytes of each row in a body that wraps rows, as `{"records":[{"value":...}, ...]}` does: parsed
 * and written again, numbers would change their spelling (1.0, 1e2, 20 digits).
 */

/** Half-open byte ranges of the values in record order; null for a record without one. */
export type ValueSpan = { from: number; to: number } | null;

/** Whether a member's key is the one that is looked for. */
type IsKey = (key: string) => boolean;

const isRecords: IsKey = (key) => key === 'records';
const isValue: IsKey = (key) => key === 'value';

/**
 * @param body a JSON text whose top level is an object with one array of objects under a key that `isList` knows, by
 *   default `records`; in each at most one key that `isMember` knows, by default `value`. Nothing of this is checked again.
 */
export function findRecordValues(body: Buffer, isList = isRecords, isMember = isValue): ValueSpan[] {
  const text = characters(body);
  const spans: ValueSpan[] = [];
  eachMember(text, objectStart(body, text), (key, listAt) => {
    if (!isList(key)) return skipValue(text, listAt);
    return eachItem(text, listAt, (recordAt) => {
      const { span, end } = findMember(text, recordAt, isMember);
      spans.push(span);
      return end;
    });
  });
  return spans;
}

/** As above, for a body that is the only record itself. */
export function findRecordValue(body: Buffer, isMember: IsKey): ValueSpan {
  const text = characters(body);
  return findMember(text, objectStart(body, text), isMember).span;
}

/** One character a byte: every index is a byte offset, and structure is ASCII. */
function characters(body: Buffer): string {
  return body.toString('latin1');
}

function objectStart(body: Buffer, text: string): number {
  return skipBlank(text, body[0] === 0xef ? 3 : 0);
}

function findMember(text: string, objectAt: number, isMember: IsKey): { span: ValueSpan; end: number } {
  let span: ValueSpan = null;
  const end = eachMember(text, objectAt, (key, from) => {
    const to = skipValue(text, from);
    if (isMember(key)) span = { from, to };
    return to;
  });
  return { span, end };
}

/** Calls `visit` with each key and where its value begins; it answers where the value ends. */
function eachMember(text: string, objectAt: number, visit: (key: string, at: number) => number): number {
  let at = skipBlank(text, objectAt + 1);
  while (text[at] !== '}') {
    const keyEnd = skipString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    at = skipBlank(text, skipBlank(text, keyEnd) + 1);
    at = skipBlank(text, visit(key, at));
    if (text[at] === ',') at = skipBlank(text, at + 1);
  }
  return at + 1;
}

function eachItem(text: string, arrayAt: number, visit: (at: number) => number): number {
  let at = skipBlank(text, arrayAt + 1);
  while (text[at] !== ']') {
    at = skipBlank(text, visit(at));
    if (text[at] === ',') at = skipBlank(text, at + 1);
  }
  return at + 1;
}

function skipValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; ;) {
    const c = text[at];
    if (c === '"') at = skipString(text, at);
    else {
      if (c === '{' || c === '[') depth += 1;
      else if (c === '}' || c === ']') depth -= 1;
      else if (depth === 0) return skipScalar(text, at);
      at += 1;
    }
    if (depth === 0) return at;
  }
}

function skipScalar(text: string, from: number): number {
  let at = from;
  while (at < text.length && !' \t\n\r,]}'.includes(text[at]!)) at += 1;
  return at;
}

function skipString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return at;
}
