import type { RequestHandler } from 'express';
import { answerJson } from '#api/answers/answer.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import type { Status } from '#questions/status.ts';

/**
 * The status that `pinflow status --json` prints. Always 200: what is down stands in the answer. Requests that come
 * while one look is under way share it.
 */
export function makeStatusHandler(makeOperation: MakeOperation, look: () => Promise<Status>): RequestHandler {
  let underWay: Promise<Status> | undefined;
  const lookOnce = (): Promise<Status> =>
    (underWay ??= look().finally(() => {
      underWay = undefined;
    }));
  return makeOperation({ name: 'status', scope: 'read', answer: async () => answerJson(200, JSON.stringify(await lookOnce())) });
}
