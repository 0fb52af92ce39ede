import type { ErrorRequestHandler, Express, RequestHandler, Router } from 'express';
import express from 'express';
import { answerDetail, answerText } from '#api/door/answer.ts';
import type { Door } from '#api/door/door.ts';
import { makeOpenApi } from '#api/docs/openapi.ts';
import { makePinRoute } from '#api/routes/pin.ts';
import type { Readiness } from '#api/operations/readiness.ts';
import { makeTopicsRoute } from '#api/routes/topics.ts';

export type AppOptions = Door & {
  readiness: () => Promise<Readiness>;
  /** Routes of other parts (operations, answers), mounted behind the door's own. */
  routers?: readonly { path: string; router: Router }[];
};

/** Builds the HTTP application. It listens to nothing and starts nothing. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);

  // Hot routes first: whatever is mounted before them is paid by every event. `/pin/` matches too.
  app.post('/pin', makePinRoute(options));
  app.all('/pin', methodNotAllowed('POST'));
  const topics = makeTopicsRoute(options);
  for (const path of ['/topics/:name', '/:stage/topics/:name']) {
    app.post(path, topics);
    app.all(path, methodNotAllowed('POST'));
  }

  const openApi = JSON.stringify(makeOpenApi());
  get(app, '/healthz', (_req, res) => answerText(res, 200, '{"status":"ok"}'));
  get(app, '/readyz', async (_req, res) => {
    const { ready, reasons } = await options.readiness();
    answerText(res, ready ? 200 : 503, JSON.stringify({ status: ready ? 'ready' : 'not ready', reasons }));
  });
  get(app, '/openapi.json', (_req, res) => answerText(res, 200, openApi));
  get(app, '/metrics', async (_req, res) =>
    answerText(res, 200, await options.metrics.text(), { 'Content-Type': options.metrics.contentType }),
  );

  for (const { path, router } of options.routers ?? []) app.use(path, router);

  app.use((_req, res) => answerDetail(res, 404, 'Not Found'));
  app.use(makeErrorHandler(options));
  return app;
}

function get(app: Express, path: string, handler: RequestHandler): void {
  app.get(path, handler);
  app.all(path, methodNotAllowed('GET, HEAD'));
}

function methodNotAllowed(allow: string): RequestHandler {
  return (_req, res) => answerDetail(res, 405, 'Method Not Allowed', { Allow: allow });
}

/** Comes last: no answer is HTML, and none shows a stack. */
function makeErrorHandler({ log }: Pick<Door, 'log'>): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    const status = (error as { status?: unknown }).status;
    // Express marks what the client did wrong (a malformed escape in the path) with a status below 500.
    if (typeof status === 'number' && status >= 400 && status < 500) return answerDetail(res, status, 'Bad Request');
    log.error('a request failed', { error });
    answerDetail(res, 500, 'Internal Server Error');
  };
}
