import type { Refusal } from '#api/answers/refusal.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { parseSpan, spanExamples } from '#domain/keys/spans.ts';
import { kinds } from '#domain/kinds/list.ts';

/** Where a parameter `since` is no span of time. */
export const noSpan = unknownValue('since', `a span of time such as ${spanExamples}`);

/** Reads a parameter `since`, a span such as `5m`, as a time in Unix ms. */
export function readSince(since: unknown): number | Refusal {
  const seconds = typeof since === 'string' ? parseSpan(since) : undefined;
  return seconds === undefined ? noSpan : Math.max(Date.now() - seconds * 1_000, 0);
}

/** The parameter in the description of a route; `meaning` is a sentence. */
export function sinceParameter(meaning: string): Json {
  return queryParameter('since', `${meaning} A span of time as in ${spanExamples}.`, { bounded: '1d', 'no-span': 'yesterday' });
}

/** Where a parameter `kind` names none. */
export const noKind = unknownValue('kind', `one of ${kinds.join(', ')}`);

export function unknownValue(parameter: string, expected: string): Refusal {
  return { status: 422, reason: 'unknown_parameter', message: `${parameter} must be ${expected}` };
}
