import { isUtf8 } from 'node:buffer';
import { DUPLICATE_KEY, IS_OBJECT, LINE_BREAK, LONE_SURROGATE, MALFORMED, scanJson } from '#domain/scan-json.ts';

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
  const found = scanJson(value, bom ? 3 : 0, levels, null);
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
