import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import express from 'express';
import type { NewestRecords } from '#adapters/kafka/newest-record.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { loginPath } from '#api/access/credentials.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { nothingHere } from '#api/answers/refusal.ts';
import type { ConsumerOptions } from '#api/consumers/routes.ts';
import { makeConsumerHandlers } from '#api/consumers/routes.ts';
import { answerDetail } from '#api/dialects/fastapi.ts';
import { refuseKinesis } from '#api/dialects/kinesis.ts';
import { refuseRestV2 } from '#api/dialects/rest-v2.ts';
import { makeDocsPage } from '#api/docs/docs-page.ts';
import { makeOpenApi } from '#api/docs/openapi.ts';
import type { Door } from '#api/door/door.ts';
import type { EventRoute } from '#api/door/event-route.ts';
import { makeTakeEvents } from '#api/door/take-events.ts';
import { makeEventsRoute } from '#api/events/route.ts';
import { makeKeysHandlers } from '#api/keys/routes.ts';
import type { Lives } from '#api/live/lives.ts';
import { makeLoginHandlers } from '#api/login/routes.ts';
import type { BatchDependencies } from '#api/batch/routes.ts';
import { makeBatchHandlers } from '#api/batch/routes.ts';
import { makeRefusalsHandler } from '#api/refused/route.ts';
import { makeOperations } from '#api/operations/operation.ts';
import type { Readiness } from '#api/status/readiness.ts';
import { makeReadyHandler } from '#api/status/readiness.ts';
import { makeStatusHandler } from '#api/status/route.ts';
import type { Tails } from '#api/tail/route.ts';
import { makeTailHandler } from '#api/tail/route.ts';
import { makeTelemetryHandler } from '#api/status/telemetry.ts';
import type { PageDependencies } from '#api/page/dependencies.ts';
import { builtPage, makePage } from '#api/page/page-files.ts';
import { makePinRoute } from '#api/pin/route.ts';
import { makeGetDataHandler } from '#api/send-get-data/get-data.ts';
import { makeSendDataRoute } from '#api/send-get-data/send-data.ts';
import { makeStreamsRoute } from '#api/streams/route.ts';
import { makeTopicsRoute } from '#api/topics/route.ts';
import type { CalendarDependencies } from '#questions/intervals/calendar.ts';
import { readCalendar } from '#questions/intervals/calendar.ts';
import { makeFollowHandler, makeSampleHandler } from '#api/follow/route.ts';
import { makeSqlHandlers } from '#api/sql/routes.ts';
import { makeHourHandler } from '#api/intervals/routes.ts';
import { makeMetricHandlers } from '#api/metrics/routes.ts';
import { makeSteeringHandlers } from '#api/readers/routes.ts';

export type AppOptions = Door &
  ConsumerOptions &
  CalendarDependencies &
  PageDependencies & {
    readiness: () => Promise<Readiness>;
    lives: Pick<Lives, 'make'>;
    /** Has the batch look at its ledger now; false where it cannot be asked. */
    askForLook: BatchDependencies['askForLook'];
    newest: Pick<NewestRecords, 'find'>;
    tails: Pick<Tails, 'open'>;
    /** Where the account of refusals and the ledger of intervals are. */
    postgres: Pick<Postgres, 'query' | 'transaction'>;
    /** Lets the pending publish of the lake go. */
    abandonPublish: BatchDependencies['abandon'];
    /** Where keys are kept, and those in memory where keys are asked for. */
    keys: { postgres: Pick<Postgres, 'query' | 'execute' | 'transaction'>; ring: KeyRing | undefined };
  };

/** How a dialect says a refusal. */
type Dialect = (refusal: Refusal) => Answer;

/** All that is below these paths, also behind a stage. */
function below(...names: readonly string[]): string[] {
  return names.flatMap((name) => [`/${name}{/*rest}`, `/:stage/${name}{/*rest}`]);
}

/** Builds the HTTP application. It listens to nothing and starts nothing. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);

  const operation = makeOperations(options);
  /** Answers with the refusal, in the dialect of the path's clients. */
  const refuse = (refusal: Refusal, dialect: Dialect = answerDetail): RequestHandler =>
    operation({ name: 'other', scope: 'open', refuse: dialect, answer: () => refusal });
  const only = (allow: string, dialect?: Dialect): RequestHandler =>
    refuse({ status: 405, reason: 'method_not_allowed', message: 'Method Not Allowed', headers: { Allow: allow } }, dialect);
  const takeAt = (method: 'post' | 'put', paths: readonly string[], route: EventRoute): void => {
    const handler = makeTakeEvents(options, route);
    for (const path of paths) {
      app[method](path, handler);
      app.all(
        path,
        only(method.toUpperCase(), (refusal) => route.refuse(refusal)),
      );
    }
  };
  const at = (path: string, handlers: Partial<Record<'get' | 'post' | 'delete', RequestHandler>>, dialect?: Dialect): void => {
    const methods = Object.entries(handlers) as ['get' | 'post' | 'delete', RequestHandler][];
    for (const [method, handler] of methods) app[method](path, handler);
    app.all(path, only(methods.map(([method]) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', '), dialect));
  };
  const get = (path: string, handler: RequestHandler): void => at(path, { get: handler });

  // Hot routes first: whatever is mounted before them is paid by every event. `/pin/` matches too.
  takeAt('post', ['/pin'], makePinRoute(options));
  takeAt('post', ['/topics/:name', '/:stage/topics/:name'], makeTopicsRoute(options));
  takeAt('post', ['/events'], makeEventsRoute(options));
  for (const form of ['record', 'records'] as const)
    takeAt('put', [`/streams/:name/${form}`, `/:stage/streams/:name/${form}`], makeStreamsRoute(options, form));
  takeAt('post', ['/send_data'], makeSendDataRoute(options));

  const openApi = JSON.stringify(makeOpenApi(options));
  get('/healthz', operation({ name: 'healthz', scope: 'open', answer: () => answerJson(200, '{"status":"ok"}') }));
  get('/readyz', makeReadyHandler(operation, options.readiness));
  get('/openapi.json', operation({ name: 'openapi', scope: 'open', answer: () => answerJson(200, openApi) }));
  get('/metrics', makeTelemetryHandler(operation, options.telemetry));
  for (const { path, handlers } of makeConsumerHandlers(operation, options)) at(path, handlers, refuseRestV2);
  get('/get_data', makeGetDataHandler(operation, options));
  get('/api/status', makeStatusHandler(operation, options.lookAtStatus));
  const live = (path: string, everyMs: number, look: () => Promise<unknown>): void => {
    const handlers = options.lives.make(operation, { name: path.slice('/api/'.length), everyMs, look });
    get(path, handlers.now);
    get(`${path}/live`, handlers.live);
  };
  live('/api/flow', 2_000, options.lookAtFlow);
  live('/api/offsets', 1_000, options.lookAtOffsets);
  live('/api/intervals', 5_000, () => readCalendar(options));
  live('/api/stream', 2_000, options.lookAtSlots);
  get('/api/intervals/:hour', makeHourHandler(operation, options));
  const metricHandlers = makeMetricHandlers(operation, options);
  get('/api/metrics', metricHandlers.list);
  get('/api/metrics/:name', metricHandlers.rows);
  get('/api/metrics/:name/live', metricHandlers.live);
  get('/api/follow', makeFollowHandler(operation, options));
  get('/api/follow/sample', makeSampleHandler(operation));
  const sql = makeSqlHandlers(operation, options);
  at('/api/sql', { get: sql.describe, post: sql.ask });
  const steering = makeSteeringHandlers(operation, options);
  at('/api/batch/trigger', { post: steering.trigger });
  for (const reader of ['stream', 'landing'] as const)
    for (const what of ['pause', 'resume'] as const) at(`/api/${reader}/${what}`, { post: steering.steer(reader, what) });
  get('/api/tail', makeTailHandler(operation, options.tails));
  get('/api/refusals', makeRefusalsHandler(operation, options.postgres));

  const batch = makeBatchHandlers(operation, {
    postgres: options.postgres,
    askForLook: options.askForLook,
    budget: options.budget,
    abandon: options.abandonPublish,
  });
  get('/api/batch/intervals', batch.list);
  at('/api/batch/retry', { post: batch.retry });
  at('/api/batch/abandon', { post: batch.abandon });
  const keys = makeKeysHandlers(operation, { ...options.keys, budget: options.budget });
  at('/api/keys', { get: keys.list, post: keys.create });
  at('/api/keys/:id', { delete: keys.revoke });
  const login = makeLoginHandlers(operation, { ...options.keys, budget: options.budget, clients: options.clients });
  at(loginPath, { get: login.show, post: login.logIn });
  at('/logout', { post: login.logOut });

  const notFound = refuse(nothingHere);
  const docs = makeDocsPage(notFound);
  get('/docs', docs.page);
  get('/docs/:file', docs.file);

  const page = makePage(builtPage, { say: (answer) => operation({ name: 'page', scope: 'open', answer: () => answer }), notFound });
  get('/', page.html);
  get('/view/:view', page.html);
  get('/view/:view/:shown', page.html);
  get('/assets/:file', page.file);
  get('/icon.svg', page.icon);

  app.all(below('topics', 'consumers'), refuse(nothingHere, refuseRestV2));
  app.all(below('streams'), refuse(nothingHere, refuseKinesis));
  app.use(notFound);
  app.use(makeErrorHandler(options, refuse));
  return app;
}

/** Comes last: no answer is HTML, and none shows a stack. */
function makeErrorHandler({ log }: Pick<Door, 'log'>, refuse: (refusal: Refusal) => RequestHandler): ErrorRequestHandler {
  const badRequest = refuse({ status: 400, reason: 'malformed_target', message: 'Bad Request' });
  const fault = refuse({ status: 500, reason: 'fault', message: 'Internal Server Error' });
  return (error: unknown, req, res, next) => {
    const status = (error as { status?: unknown }).status;
    // Express marks what the client did wrong (a malformed escape in the path) with a status below 500.
    if (typeof status === 'number' && status >= 400 && status < 500) return badRequest(req, res, next);
    log.error('a request failed', { error });
    return fault(req, res, next);
  };
}
