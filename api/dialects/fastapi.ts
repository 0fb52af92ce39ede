import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';

/** Content types of a body that is one row. */
export const jsonTypes: ReadonlySet<string> = new Set(['application/json']);

/** A refusal in FastAPI's shape for errors, `{"detail": ...}`: the first clients' and the third's. */
export function answerDetail(refusal: Refusal): Answer {
  return answerJson(refusal.status, JSON.stringify({ detail: refusal.detail ?? refusal.message }), refusal.headers);
}
