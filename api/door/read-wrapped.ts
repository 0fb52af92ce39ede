import type { Refusal } from '#api/answers/refusal.ts';
import { refusalOfProblem } from '#api/answers/refusal.ts';
import type { ReadBody } from '#domain/door/read-event.ts';
import { readWrapper } from '#domain/door/read-event.ts';

/** What wraps the records of a body; `isDeep` where some of it nests deeper than an event may. */
export type Wrapper = Extract<ReadBody, { ok: true }> & { isDeep: boolean };

/** Reads a body whose records are wrapped in an object; `shape` tells whoever sent something else. */
export function readWrapped(body: Buffer, shape: string): Wrapper | Refusal {
  if (body.length === 0) return emptyBody(shape);
  const read = readWrapper(body);
  if (read.ok) return read;
  const refusal = refusalOfProblem(read.problem);
  return refusal.reason === 'not_an_object' ? { ...refusal, message: `${refusal.message}; ${shape}` } : refusal;
}

/** The refusal of an empty body that should wrap records; `shape` says what to send. */
export function emptyBody(shape: string): Refusal {
  return { status: 422, reason: 'empty_body', message: `The body is empty; ${shape}` };
}
