import type { Refusal } from '#api/answers/refusal.ts';
import { parseSpan } from '#domain/keys/spans.ts';

/** Reads a parameter `since`, a span such as `5m`, as a time in Unix ms. */
export function readSince(since: unknown): number | Refusal {
  const seconds = typeof since === 'string' ? parseSpan(since) : undefined;
  return seconds === undefined
    ? unknownValue('since', 'a span of time such as 45s, 5m, 12h or 2d')
    : Math.max(Date.now() - seconds * 1_000, 0);
}

export function unknownValue(parameter: string, expected: string): Refusal {
  return { status: 422, reason: 'unknown_parameter', message: `${parameter} must be ${expected}` };
}
