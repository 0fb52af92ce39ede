import type { IncomingMessage } from 'node:http';
import type { Refusal } from '#api/answers/refusal.ts';
import type { BodyLimits } from '#api/door/body-limits.ts';
import { gatherBody } from '#api/door/gather-body.ts';
import type { BodyBudget } from '#api/door/gathering.ts';

/** Reads the body of a request that brings no events. Stays unanswered where the client goes away before the end. */
export function readWholeBody(req: IncomingMessage, limits: BodyLimits, budget: BodyBudget): Promise<Buffer | Refusal> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const write = (chunk: Buffer | undefined): undefined => void chunks.push(chunk!);
    gatherBody(req, reject, { limits, budget, found: undefined }, write, (refusal, _bytes, closeAfter) => {
      if (refusal === undefined) resolve(Buffer.concat(chunks));
      else resolve(closeAfter ? { ...refusal, headers: { ...refusal.headers, Connection: 'close' } } : refusal);
    });
  });
}
