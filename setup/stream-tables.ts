import type { MetricTable } from '#activities/ledger/metric-tables.ts';
import { noteGone } from '#activities/ledger/metric-tables.ts';
import { noteCreated, noteView } from '#setup/note-metric-tables.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { StreamMetric } from '#domain/metrics/metric.ts';
import { createTableSql, rebuildSql, sha256, streamShape, streamTableName, viewName, viewSql } from '#domain/metrics/stream-table.ts';
import { definitionOf, kinds } from '#domain/kinds/list.ts';
import type { Kind } from '#domain/kinds/list.ts';

/**
 * Brings tables and views of the stream's metrics to the list's shape. Where a table is made or given up, sinks are kept out
 * until the end of the transaction: their upserts wait for the lock on the sink table, those before it are committed and so
 * in the identities that the new table is filled from, and those behind it see in pinflow.metric_table which metrics they
 * have to keep up (the sink refuses where it keeps others). Readers go on with the old view until the commit.
 */
export async function ensureStreamTables(
  statements: Statements,
  list: readonly StreamMetric[],
  standing: readonly MetricTable[],
): Promise<string[]> {
  const isKept = (table: MetricTable): boolean =>
    !table.isRetired && list.some((metric) => metric.name === table.name && streamShape(metric, domainSql) === table.shape);
  const left = standing.filter((table) => !table.isRetired && !list.some(({ name }) => name === table.name));
  const wanted = list.filter(({ name }) => !standing.some((table) => table.name === name && isKept(table)));
  await keepSinksOut(statements, [...wanted.map(({ stream }) => stream.kind), ...left.map(({ kind }) => kind!)]);
  const done: string[] = [];
  for (const metric of wanted) {
    const old = standing.find(({ name }) => name === metric.name);
    done.push(await makeAnew(statements, metric, old));
  }
  for (const metric of list) {
    const table = standing.find(({ name }) => name === metric.name);
    const viewShape = sha256(viewSql(metric, domainSql));
    if (table === undefined || wanted.includes(metric) || table.viewShape === viewShape) continue;
    await replaceView(statements, metric);
    await noteView(statements, table, viewShape);
    done.push(`view ${viewName(metric)} made anew`);
  }
  for (const table of left) {
    await noteGone(statements, table, 'retired_at');
    done.push(`metric ${table.name} is no longer kept up: pinflow metrics drop ${table.name} removes what is left`);
  }
  return done;
}

async function keepSinksOut(statements: Statements, of: readonly Kind[]): Promise<void> {
  const tables = kinds.filter((kind) => of.includes(kind)).map((kind) => definitionOf[kind].sinkTable);
  if (tables.length > 0) await statements.execute(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`);
}

async function makeAnew(statements: Statements, metric: StreamMetric, old: MetricTable | undefined): Promise<string> {
  const table = streamTableName(metric, domainSql);
  // Given up and wanted again: its rows are old, its name is free only without it.
  if (old?.table === table) await dropStreamTable(statements, old);
  await statements.execute(createTableSql(table, metric.stream));
  const rows = await statements.execute(rebuildSql(metric, domainSql));
  await statements.execute(`ANALYZE ${table}`);
  await replaceView(statements, metric);
  if (old !== undefined && old.table !== table) await dropStreamTable(statements, old);
  await noteCreated(statements, {
    name: metric.name,
    form: 'stream',
    kind: metric.stream.kind,
    table,
    shape: streamShape(metric, domainSql),
    viewShape: sha256(viewSql(metric, domainSql)),
  });
  return `table ${table} made and filled with ${rows} rows`;
}

async function replaceView(statements: Statements, metric: StreamMetric): Promise<void> {
  // Not CREATE OR REPLACE, which takes no other columns.
  await statements.execute(`DROP VIEW IF EXISTS ${viewName(metric)}`);
  await statements.execute(`CREATE VIEW ${viewName(metric)} AS\n${viewSql(metric, domainSql)}`);
}

/** Drops a table of the stream with the view over it, if that is still its own. */
export async function dropStreamTable(statements: Statements, table: MetricTable): Promise<void> {
  const [view] = await statements.query(
    `SELECT 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
     WHERE d.refobjid = to_regclass($1) AND r.ev_class = to_regclass($2) LIMIT 1`,
    [table.table, viewName(table)],
  );
  if (view !== undefined) await statements.execute(`DROP VIEW ${viewName(table)}`);
  await statements.execute(`DROP TABLE ${table.table}`);
  await noteGone(statements, table, 'dropped_at');
}
