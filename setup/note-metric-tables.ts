import type { MetricTable } from '#activities/ledger/metric-tables.ts';
import type { Statements } from '#adapters/postgres.ts';

/** Notes a table that was made just now, as the metric's next version. */
export async function noteCreated(
  statements: Statements,
  { name, form, kind, table, shape, viewShape }: Omit<MetricTable, 'version' | 'isRetired'>,
): Promise<void> {
  await statements.execute(
    `INSERT INTO pinflow.metric_table (name, form, version, kind, table_name, shape_sha256, view_sha256)
     SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6 FROM pinflow.metric_table WHERE name = $1 AND form = $2`,
    [name, form, kind, table, shape, viewShape],
  );
}

export async function noteView(statements: Statements, { name, version }: MetricTable, viewShape: string): Promise<void> {
  await statements.execute(`UPDATE pinflow.metric_table SET view_sha256 = $3 WHERE name = $1 AND form = 'stream' AND version = $2`, [
    name,
    version,
    viewShape,
  ]);
}
