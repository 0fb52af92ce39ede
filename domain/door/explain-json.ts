/**
 * Where and why a text is no JSON, in the words and positions of Python's json module: clients of the first API match
 * on them. Runs on the error path only. Positions count characters, as Python does.
 */
export type JsonProblem = { position: number; error: string };

const blank = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const word = /true|false|null/y;
const plainText = /[^"\\\u0000-\u001f]*/y;
const unicodeEscape = /u[0-9a-fA-F]{4}/y;
const character = /[^]/gu;

class Stop extends Error {
  readonly at: number;

  constructor(at: number, error: string) {
    super(error);
    this.at = at;
  }
}

/** @returns the first problem, or undefined where the text is JSON. */
export function explainJson(text: string): JsonProblem | undefined {
  try {
    readDocument(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { position: text.slice(0, error.at).match(character)?.length ?? 0, error: error.message };
  }
}

/** Reads with a stack of its own: nesting is the client's choice, the call stack is not. */
function readDocument(text: string): void {
  const open: ('{' | '[')[] = [];
  let at = skip(blank, text, 0);
  for (;;) {
    // A value is expected at `at`.
    const c = text[at];
    if (c === '{' || c === '[') {
      open.push(c);
      at = skip(blank, text, at + 1);
      if (text[at] !== (c === '{' ? '}' : ']')) {
        if (c === '{') at = readKey(text, at);
        continue;
      }
      open.pop();
    } else if (c === '"') at = readString(text, at) - 1;
    else {
      const end = Math.max(skip(number, text, at), skip(word, text, at));
      if (end === at) throw new Stop(at, 'Expecting value');
      at = end - 1;
    }
    // `at` is the last character of a value. Close what ends here, up to a comma.
    for (;;) {
      at = skip(blank, text, at + 1);
      const container = open.at(-1);
      if (container === undefined) {
        if (at < text.length) throw new Stop(at, 'Extra data');
        return;
      }
      const closing = container === '{' ? '}' : ']';
      if (text[at] === closing) {
        open.pop();
        continue;
      }
      if (text[at] !== ',') throw new Stop(at, "Expecting ',' delimiter");
      at = skip(blank, text, at + 1);
      if (container === '{') at = readKey(text, at);
      break;
    }
  }
}

/** Reads `"key" :` at `at`; returns where the value should begin. */
function readKey(text: string, at: number): number {
  if (text[at] !== '"') throw new Stop(at, 'Expecting property name enclosed in double quotes');
  const colon = skip(blank, text, readString(text, at));
  if (text[colon] !== ':') throw new Stop(colon, "Expecting ':' delimiter");
  return skip(blank, text, colon + 1);
}

/** Returns the index after the closing quote of the string that begins at `from`. */
function readString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    at = skip(plainText, text, at);
    const c = text[at];
    if (c === '"') return at + 1;
    if (c === undefined) throw new Stop(from, 'Unterminated string starting at');
    if (c !== '\\') throw new Stop(at, 'Invalid control character at');
    const escape = text[at + 1];
    if (escape === undefined) throw new Stop(from, 'Unterminated string starting at');
    if (escape === 'u') {
      const end = skip(unicodeEscape, text, at + 1);
      if (end === at + 1) throw new Stop(at + 1, 'Invalid \\uXXXX escape');
      at = end;
    } else if ('"\\/bfnrt'.includes(escape)) at += 2;
    else throw new Stop(at, 'Invalid \\escape');
  }
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}
