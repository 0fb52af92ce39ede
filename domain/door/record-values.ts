/**
 * Finds the client's own bytes of each `value` in a REST v2 body, `{"records":[{"value":...}, ...]}`: parsed and written
 * again, numbers would change their spelling (1.0, 1e2, 20 digits).
 */

/** Half-open byte ranges of the values in record order; null for a record without one. */
export type ValueSpan = { from: number; to: number } | null;

/**
 * @param body a JSON text whose top level is an object with an array of objects in `records`; no key twice. Nothing of
 *   this is checked again.
 */
export function findRecordValues(body: Buffer): ValueSpan[] {
  // One character a byte: every index is a byte offset, and structure is ASCII.
  const text = body.toString('latin1');
  const spans: ValueSpan[] = [];
  eachMember(text, skipBlank(text, body[0] === 0xef ? 3 : 0), (key, recordsAt) => {
    if (key !== 'records') return skipValue(text, recordsAt);
    return eachItem(text, recordsAt, (recordAt) => {
      let span: ValueSpan = null;
      const end = eachMember(text, recordAt, (name, valueAt) => {
        const to = skipValue(text, valueAt);
        if (name === 'value') span = { from: valueAt, to };
        return to;
      });
      spans.push(span);
      return end;
    });
  });
  return spans;
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
