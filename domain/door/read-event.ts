import { isUtf8 } from 'node:buffer';
import type { JsonProblem } from '#domain/door/explain-json.ts';
import { explainJson } from '#domain/door/explain-json.ts';
import type { ValueReject } from '#domain/value.ts';
import { classifyValue, levelsMax, textOfValue, wrapperLevelsMax } from '#domain/value.ts';

/** What is wrong with a body before any field of it is looked at; `reason` is the code that a record would be rejected with. */
export type BodyProblem =
  | { reason: 'invalid_utf8'; message: string }
  | { reason: 'malformed_json'; json: JsonProblem }
  | { reason: 'not_an_object'; parsed: unknown }
  | { reason: 'duplicate_key' | 'too_deep' | 'nul' | 'lone_surrogate'; message: string };

export type ReadBody = { ok: true; row: Record<string, unknown> } | { ok: false; problem: BodyProblem };

/**
 * Reads a JSON object from a body, refusing whatever cleaning would reject or a later reader would die of. The order of
 * the checks is that of `classifyValue`; NUL comes last (Postgres refuses it).
 */
export function readBody(body: Buffer): ReadBody {
  const { reject } = classifyValue(body);
  return reject === null ? parse(body) : { ok: false, problem: explain(body, reject) };
}

/**
 * Reads a JSON object that wraps rows. A row may be nested as deep as it might alone: where the whole is deeper, `isDeep`
 * asks for a look at each (`classifyValue`), which costs ordinary bodies nothing.
 */
export function readWrapper(body: Buffer): ReadBody & { isDeep: boolean } {
  const read = readBody(body);
  if (read.ok || read.problem.reason !== 'too_deep') return { ...read, isDeep: false };
  const { reject } = classifyValue(body, levelsMax + wrapperLevelsMax);
  return { ...(reject === null ? parse(body) : { ok: false, problem: explain(body, reject) }), isDeep: true };
}

function parse(body: Buffer): ReadBody {
  const text = textOfValue(body);
  const row = JSON.parse(text) as Record<string, unknown>;
  // Cheap look first: the six characters may also stand for an escaped backslash and "u0000".
  if (text.includes('\\u0000') && containsNul(row))
    return { ok: false, problem: { reason: 'nul', message: 'Text must not contain the character NUL' } };
  return { ok: true, row };
}

function explain(body: Buffer, reject: ValueReject): BodyProblem {
  switch (reject) {
    case 'invalid_utf8':
      return isUtf8(body)
        ? { reason: 'lone_surrogate', message: 'Text must not contain half of a surrogate pair' }
        : { reason: 'invalid_utf8', message: 'The body is not UTF-8' };
    case 'malformed_json':
      return { reason: reject, json: explainJson(textOfValue(body)) ?? { position: 0, error: 'Expecting value' } };
    case 'not_an_object':
      return { reason: reject, parsed: JSON.parse(textOfValue(body)) as unknown };
    case 'duplicate_key':
      return { reason: reject, message: 'An object has the same key twice' };
    case 'too_deep':
      return { reason: reject, message: `The body is nested deeper than ${levelsMax} levels` };
  }
}

/** Nesting is bounded, so recursion is safe. */
function containsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (Array.isArray(value)) return value.some(containsNul);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => name.includes('\0') || containsNul(member));
}
