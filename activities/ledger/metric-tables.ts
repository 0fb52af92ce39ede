import type { Statements } from '#adapters/postgres.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** A table of a metric that stands, as the set-up noted it. Stream: partial results, below a view; mart: what people read. */
export type MetricTable = {
  name: string;
  form: 'stream' | 'mart';
  version: number;
  kind: Kind | null;
  table: string;
  shape: string;
  viewShape: string | null;
  /** The metric is no longer in the list, and nobody keeps the table up. */
  isRetired: boolean;
};

/**
 * Keeps others from changing what stands until the end of the transaction: `alone` for the set-up and who drops, `shared` for
 * who only puts a filled table in its place.
 */
export async function lockMetricTables(statements: Statements, how: 'alone' | 'shared'): Promise<void> {
  await statements.query(`SELECT pg_advisory_xact_lock${how === 'shared' ? '_shared' : ''}(hashtext('pinflow metric tables'))`);
}

/** Tables that stand, a metric's oldest first: of a mart the last one may still be empty. */
export function readMetricTables(statements: Statements, form?: MetricTable['form']): Promise<MetricTable[]> {
  return statements.query<MetricTable>(
    `SELECT name, form, version, kind, table_name AS "table", shape_sha256 AS shape, view_sha256 AS "viewShape", retired_at IS NOT NULL AS "isRetired"
     FROM pinflow.metric_table WHERE dropped_at IS NULL AND ($1::text IS NULL OR form = $1) ORDER BY name, form, version`,
    [form ?? null],
  );
}

export async function noteRenamed(statements: Statements, { name, form, version }: MetricTable, table: string): Promise<void> {
  await statements.execute(`UPDATE pinflow.metric_table SET table_name = $4 WHERE name = $1 AND form = $2 AND version = $3`, [
    name,
    form,
    version,
    table,
  ]);
}

export async function noteGone(
  statements: Statements,
  { name, form, version }: MetricTable,
  how: 'retired_at' | 'dropped_at',
): Promise<void> {
  await statements.execute(`UPDATE pinflow.metric_table SET ${how} = now() WHERE name = $1 AND form = $2 AND version = $3`, [
    name,
    form,
    version,
  ]);
}
