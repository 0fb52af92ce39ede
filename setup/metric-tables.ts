import type { MetricTable } from '#activities/ledger/metric-tables.ts';
import { lockMetricTables, readMetricTables } from '#activities/ledger/metric-tables.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { isMart, isStreamMetric, metrics } from '#domain/metrics/list.ts';
import { martShape } from '#domain/metrics/mart-table.ts';
import type { Metric } from '#domain/metrics/metric.ts';
import { sha256, streamShape, streamTableName, viewSql } from '#domain/metrics/stream-table.ts';
import { ensureMartTables } from '#setup/mart-tables.ts';
import { ensureStreamTables } from '#setup/stream-tables.ts';

/**
 * Makes the tables and views of the metrics in the list, after the migrations, in one transaction, and fills those of the
 * stream from the identities. A metric whose shape changed gets a new table; one that left the list keeps its table, which
 * nobody keeps up from then on (`pinflow metrics drop` removes it). Safe to run again and twice at once.
 * @param postgres with a bound on statements that leaves room for a look at every identity.
 * @returns what was done, a line each.
 */
export async function ensureMetricTables(postgres: Pick<Postgres, 'transaction'>, list: readonly Metric[] = metrics): Promise<string[]> {
  return postgres.transaction(async (statements) => {
    await lockMetricTables(statements, 'alone');
    await boundWaits(statements);
    const standing = await readMetricTables(statements);
    const done = await ensureStreamTables(statements, list.filter(isStreamMetric), ofForm(standing, 'stream'));
    return [...done, ...(await ensureMartTables(statements, list.filter(isMart), ofForm(standing, 'mart')))];
  });
}

/**
 * Sinks wait while this transaction holds their tables: filling a table may take its time, but neither waiting for somebody's
 * lock nor a set-up that stands still or is gone may.
 */
async function boundWaits(statements: Statements): Promise<void> {
  await statements.execute(`SET LOCAL lock_timeout = '30s'`);
  await statements.execute(`SET LOCAL idle_in_transaction_session_timeout = '60s'`);
  await statements.execute(`SET LOCAL client_connection_check_interval = '10s'`);
}

function ofForm(tables: readonly MetricTable[], form: MetricTable['form']): MetricTable[] {
  return tables.filter((table) => table.form === form);
}

/**
 * Waits for nothing: says whether the tables are those of this code.
 * @throws Failure `not_ready` where they are not.
 */
export async function assertMetricTables(postgres: Postgres, list: readonly Metric[] = metrics): Promise<void> {
  const standing = await readMetricTables(postgres);
  // The newest alone: of a mart an older one serves until that is filled.
  const isThere = (form: MetricTable['form'], { name }: Metric, shape: string, view?: string): boolean => {
    const newest = standing.findLast((table) => table.form === form && table.name === name);
    return newest?.shape === shape && !newest.isRetired && (view === undefined || newest.viewShape === view);
  };
  const missing = list.filter(
    (metric) =>
      (isMart(metric) && !isThere('mart', metric, martShape(metric))) ||
      (isStreamMetric(metric) && !isThere('stream', metric, streamShape(metric, domainSql), sha256(viewSql(metric, domainSql)))),
  );
  const tables = new Set(list.filter(isStreamMetric).map((metric) => streamTableName(metric, domainSql)));
  const others = standing.filter(({ form, table, isRetired }) => form === 'stream' && !isRetired && !tables.has(table));
  if (missing.length + others.length === 0) return;
  const said = [
    ...(missing.length === 0 ? [] : [`lacks ${missing.map(({ name }) => name).join(', ')}`]),
    ...(others.length === 0 ? [] : [`has ${others.map(({ table }) => table).join(', ')}, which this code does not know`]),
  ].join(' and ');
  throw new Failure('not_ready', `Of the tables of metrics the database ${said}: run node workers/setup.ts of this version.`);
}
