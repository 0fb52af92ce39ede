import { sqlStateOf } from '#adapters/postgres-failure.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { MetricDescription, MetricList, MetricRows } from '#domain/answers/metrics.ts';
import { Failure } from '#domain/failures.ts';
import { isMart, metrics } from '#domain/metrics/list.ts';
import { martTableName } from '#domain/metrics/mart-table.ts';
import type { Metric } from '#domain/metrics/metric.ts';
import { viewName } from '#domain/metrics/stream-table.ts';
import { identifier } from '#domain/sql-text.ts';

/** Rows of a metric that are asked for: of a time where it has one, so many at most. */
export type MetricWish = { fromMs: number | undefined; toMs: number | undefined; limit: number };

export const rowsMaxDefault = 100;
export const rowsMax = 10_000;
/** Of a metric over time, where nobody says from when on. */
const fromDefaultMs = 1_800_000;

export function listMetrics(): MetricList {
  return { metrics: metrics.map(descriptionOf) };
}

export function findMetric(name: string): Metric | undefined {
  return metrics.find((one) => one.name === name);
}

/** Whether rows of it can be asked for by time. */
export function hasTime({ picture }: Metric): boolean {
  return picture.form === 'lines';
}

/**
 * The metric's rows as its picture wants them: over time in its order, else the largest first.
 * @throws Failure `not_ready` where the set-up has not made it yet.
 */
export async function readMetric(statements: Pick<Statements, 'query'>, metric: Metric, wish: MetricWish): Promise<MetricRows> {
  const { sql, parameters } = selectOf(metric, wish);
  const rows = await orNotReady(metric, () => statements.query(sql, parameters));
  const covers = isMart(metric)
    ? await statements.query<{ covers: number | null }>(`SELECT covers FROM pinflow.mart WHERE name = $1`, [metric.name])
    : [];
  return {
    metric: descriptionOf(metric),
    at: new Date().toISOString(),
    covers: covers[0]?.covers ?? null,
    rows: rows.slice(0, wish.limit),
    truncated: rows.length > wish.limit,
  };
}

function descriptionOf(metric: Metric): MetricDescription {
  const { name, description, unit, columns, picture } = metric;
  return {
    name,
    description,
    unit,
    half: isMart(metric) ? 'batch' : 'stream',
    columns: columns.map((one) => ({ name: one.name, type: one.postgres })),
    picture,
  };
}

function selectOf(metric: Metric, { fromMs, toMs, limit }: MetricWish): { sql: string; parameters: unknown[] } {
  const { picture } = metric;
  const columns = metric.columns.map(({ name }) => identifier(name)).join(', ');
  const select = `SELECT ${columns} FROM ${isMart(metric) ? martTableName(metric) : viewName(metric)}`;
  if (picture.form === 'bars') {
    const order = [`${identifier(picture.value)} DESC NULLS LAST`, ...picture.labels.map(identifier)].join(', ');
    return { sql: `${select} ORDER BY ${order} LIMIT $1`, parameters: [limit + 1] };
  }
  const time = identifier(picture.time);
  // The newest rows are those that are wanted where there are too many.
  return {
    sql: `SELECT * FROM (${select} WHERE ${time} >= $2 AND ${time} < $3 ORDER BY ${time} DESC, ${identifier(picture.series)} LIMIT $1) newest ORDER BY ${time}, ${identifier(picture.series)}`,
    parameters: [limit + 1, new Date(fromMs ?? Date.now() - fromDefaultMs), new Date(toMs ?? Date.now() + fromDefaultMs)],
  };
}

const UNDEFINED_TABLE = '42P01';

async function orNotReady<Result>({ name }: Metric, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (sqlStateOf(error) !== UNDEFINED_TABLE) throw error;
    throw new Failure('not_ready', `The metric ${name} has no table yet: run node workers/setup.ts.`, { cause: error });
  }
}
