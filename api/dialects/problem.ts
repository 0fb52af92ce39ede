import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';

/** A refusal in the shape of the modern routes: the reason for programs, the sentence for people. */
export function answerProblem(refusal: Refusal): Answer {
  return answerJson(refusal.status, JSON.stringify({ error: { reason: refusal.reason, message: `${refusal.message}.` } }), refusal.headers);
}
