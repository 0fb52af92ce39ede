import type { Router } from 'express';
import express from 'express';
import type { Status } from '#activities/status.ts';
import { answerText } from '#api/door/answer.ts';

/**
 * `GET /` of the path it is mounted at: the status that `pinflow status --json` prints. Always 200: what is down stands
 * in the answer. Requests that come while one look is under way share it.
 */
export function makeStatusRouter(look: () => Promise<Status>): Router {
  let underWay: Promise<Status> | undefined;
  const lookOnce = (): Promise<Status> =>
    (underWay ??= look().finally(() => {
      underWay = undefined;
    }));

  const router = express.Router();
  router.get('/', async (_req, res) => answerText(res, 200, JSON.stringify(await lookOnce()), { 'Cache-Control': 'no-store' }));
  return router;
}
