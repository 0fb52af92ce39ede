import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { MartContent } from '#activities/ledger/mart-ledger.ts';
import { lockMart, recordInPostgres } from '#activities/ledger/mart-ledger.ts';
import type { MetricTable } from '#activities/ledger/metric-tables.ts';
import { lockMetricTables, noteGone, noteRenamed, readMetricTables } from '#activities/ledger/metric-tables.ts';
import { identifier } from '#domain/sql-text.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { Failure } from '#domain/failures.ts';
import { martTableName } from '#domain/metrics/mart-table.ts';

/** Rows of one INSERT: bounds its text and its time. */
const rowsPerInsert = 5_000;

/**
 * Writes a mart's rows to its table in schema marts, in a transaction of their own with the note of what they cover: no
 * publish waits for it. Writing the same again, or after a newer one, changes nothing.
 * @param shape of the mart that was computed: where its table is of another, another version of the code keeps it up.
 * @param file JSON, an object a line.
 * @throws Failure `configuration` where it has no table, `not_ready` where that is another version's, `invalid_data` where it refuses the rows.
 */
export async function writeMart(postgres: Pick<Postgres, 'transaction'>, content: MartContent, shape: string, file: string): Promise<void> {
  try {
    await postgres.transaction(async (statements) => {
      await lockMetricTables(statements, 'shared');
      const before = await lockMart(statements, content.name);
      if ((before.covers ?? 0) > content.covers) return;
      const tables = await tablesOf(statements, content.name);
      const target = tables.at(-1)!;
      assertOwnShape(target, shape);
      if (before.fingerprint !== content.fingerprint || tables.length > 1) await replaceRows(statements, target.table, file);
      if (tables.length > 1) await putInPlace(statements, tables, target);
      await recordInPostgres(statements, content);
    });
  } catch (error) {
    throw explained(error, content.name);
  }
}

/** The mart's table, and behind it the one that is to be filled and take its place, where its shape changed. */
async function tablesOf(statements: Statements, name: string): Promise<MetricTable[]> {
  const tables = (await readMetricTables(statements, 'mart')).filter((table) => table.name === name);
  if (tables.length > 0) return tables;
  throw new Failure('configuration', `Mart ${name} has no table in Postgres: run node workers/setup.ts of this version.`);
}

function assertOwnShape({ name, shape: standing, isRetired }: MetricTable, shape: string): void {
  if (standing === shape && !isRetired) return;
  throw new Failure(
    'not_ready',
    `The table of mart ${name} is that of another version of the code: run the workers and node workers/setup.ts from the same version.`,
  );
}

async function putInPlace(statements: Statements, tables: readonly MetricTable[], target: MetricTable): Promise<void> {
  const place = martTableName(target);
  for (const table of tables) {
    if (table === target) continue;
    await statements.execute(`DROP TABLE ${table.table}`);
    await noteGone(statements, table, 'dropped_at');
  }
  await statements.execute(`ALTER TABLE ${target.table} RENAME TO ${identifier(target.name)}`);
  await noteRenamed(statements, target, place);
}

/** DELETE, not TRUNCATE: readers go on with the old rows until the commit. */
async function replaceRows(statements: Statements, table: string, file: string): Promise<void> {
  await statements.execute(`DELETE FROM ${table}`);
  const insert = (lines: readonly string[]): Promise<number> =>
    statements.execute(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1::json)`, [`[${lines.join(',')}]`]);
  let lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    lines.push(line);
    if (lines.length < rowsPerInsert) continue;
    await insert(lines);
    lines = [];
  }
  if (lines.length > 0) await insert(lines);
}

const UNDEFINED_TABLE = '42P01';

/** In words that quote no value: what Postgres says of data may. */
function explained(error: unknown, name: string): unknown {
  const state = sqlStateOf(error);
  if (state === UNDEFINED_TABLE)
    return new Failure(
      'configuration',
      `Table marts.${name} does not exist, though the set-up made it: put it back, or see pinflow.metric_table.`,
    );
  if (!(error instanceof Failure) || error.kind !== 'invalid_data') return error;
  const { column } = (error.cause ?? {}) as { column?: string };
  return new Failure(
    'invalid_data',
    `Table marts.${name} refuses the rows (SQLSTATE ${state ?? 'unknown'}${column === undefined ? '' : `, column ${column}`}): compare its columns with the metric's.`,
  );
}
