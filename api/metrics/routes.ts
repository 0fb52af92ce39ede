import type { RequestHandler } from 'express';
import type { Statements } from '#adapters/postgres.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import { queryOf } from '#api/door/query.ts';
import type { LiveHandlers, Lives } from '#api/live/lives.ts';
import { noMetric, noTime, timeless, unknownRowLimit } from '#api/metrics/refusals.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { unlessAway } from '#api/operations/unless-away.ts';
import { metrics } from '#domain/metrics/list.ts';
import type { Metric } from '#domain/metrics/metric.ts';
import type { MetricWish } from '#questions/metrics.ts';
import { findMetric, hasTime, listMetrics, readMetric, rowsMax, rowsMaxDefault } from '#questions/metrics.ts';

/** How often a metric is read while somebody watches it, in ms: marts change with an interval. */
const everyMs = { stream: 2_000, batch: 5_000 };

/** `GET /api/metrics`, `/api/metrics/<name>?from=&to=&limit=` and `/api/metrics/<name>/live`. */
export function makeMetricHandlers(
  makeOperation: MakeOperation,
  { postgres, lives }: { postgres: Pick<Statements, 'query'>; lives: Pick<Lives, 'make'> },
): Record<'list' | 'rows' | 'live', RequestHandler> {
  const wish: MetricWish = { fromMs: undefined, toMs: undefined, limit: rowsMaxDefault };
  const live = new Map<string, LiveHandlers>(
    metrics.map((metric) => [
      metric.name,
      lives.make(makeOperation, {
        name: 'metrics_live',
        everyMs: everyMs[metric.stream === undefined ? 'batch' : 'stream'],
        look: () => readMetric(postgres, metric, hasTime(metric) ? { ...wish, limit: rowsMax } : wish),
      }),
    ]),
  );
  const unknown = makeOperation({ name: 'metrics_live', scope: 'read', answer: () => noMetric });
  return {
    list: makeOperation({ name: 'metrics_list', scope: 'read', answer: () => answerJson(200, JSON.stringify(listMetrics())) }),
    rows: makeOperation({
      name: 'metrics_rows',
      scope: 'read',
      async answer(req) {
        const metric = findMetric(String(req.params['name']));
        if (metric === undefined) return noMetric;
        const asked = readWishOf(metric, queryOf(req));
        if (isRefusal(asked)) return asked;
        return unlessAway(async () => answerJson(200, JSON.stringify(await readMetric(postgres, metric, asked))));
      },
    }),
    live: (req, res, next) => (live.get(String(req.params['name']))?.live ?? unknown)(req, res, next),
  };
}

function readWishOf(metric: Metric, query: URLSearchParams): MetricWish | Refusal {
  const limit = Number(query.get('limit') ?? (hasTime(metric) ? rowsMax : rowsMaxDefault));
  if (!Number.isInteger(limit) || limit < 1 || limit > rowsMax) return unknownRowLimit;
  if (!hasTime(metric) && (query.has('from') || query.has('to'))) return timeless;
  const fromMs = timeOf(query.get('from'));
  const toMs = timeOf(query.get('to'));
  return Number.isNaN(fromMs) || Number.isNaN(toMs) ? noTime : { fromMs, toMs, limit };
}

function timeOf(text: string | null): number | undefined {
  return text === null ? undefined : Date.parse(text);
}
