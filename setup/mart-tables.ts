import type { MetricTable } from '#activities/ledger/metric-tables.ts';
import { noteGone } from '#activities/ledger/metric-tables.ts';
import { noteCreated } from '#setup/note-metric-tables.ts';
import type { Statements } from '#adapters/postgres.ts';
import { martColumns, martShape, martTableName } from '#domain/metrics/mart-table.ts';
import type { Mart } from '#domain/metrics/metric.ts';

/**
 * Brings the tables of marts to the list's shape. A changed one gets a new table beside the old one, which readers go on
 * with until the mart was computed and written (activities/batch/write-mart.ts puts it in the old one's place).
 */
export async function ensureMartTables(statements: Statements, list: readonly Mart[], standing: readonly MetricTable[]): Promise<string[]> {
  const done: string[] = [];
  for (const mart of list) {
    const tables = standing.filter(({ name }) => name === mart.name);
    const newest = tables.at(-1);
    if (newest !== undefined && !newest.isRetired && newest.shape === martShape(mart)) continue;
    done.push(await makeTable(statements, mart, tables));
  }
  for (const table of standing) {
    if (table.isRetired || list.some(({ name }) => name === table.name)) continue;
    await noteGone(statements, table, 'retired_at');
    done.push(`mart ${table.name} is no longer computed: pinflow metrics drop ${table.name} removes what is left`);
  }
  return done;
}

async function makeTable(statements: Statements, mart: Mart, tables: readonly MetricTable[]): Promise<string> {
  const place = martTableName(mart);
  // Of those before, one stands in the mart's place; one beside it was never filled.
  for (const table of tables) if (table.table !== place) await dropMartTable(statements, table);
  const inPlace = tables.find(({ table }) => table === place);
  const table = inPlace === undefined ? place : `${place}_${martShape(mart).slice(0, 8)}`;
  await statements.execute(`CREATE TABLE ${table} (${martColumns(mart)})`);
  await noteCreated(statements, { name: mart.name, form: 'mart', kind: null, table, shape: martShape(mart), viewShape: null });
  // So that it is computed and written, whatever it covered.
  await statements.execute(
    `UPDATE pinflow.mart SET lake_covers = NULL, lake_fingerprint = NULL, covers = NULL, fingerprint = NULL, not_before = NULL WHERE name = $1`,
    [mart.name],
  );
  return `table ${table} made`;
}

export async function dropMartTable(statements: Statements, table: MetricTable): Promise<void> {
  await statements.execute(`DROP TABLE ${table.table}`);
  await noteGone(statements, table, 'dropped_at');
}
