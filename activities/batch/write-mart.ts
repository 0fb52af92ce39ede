import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { MartContent } from '#activities/ledger/mart-ledger.ts';
import { lockMart, recordInPostgres } from '#activities/ledger/mart-ledger.ts';
import { identifier } from '#activities/lake/sql-text.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { Failure } from '#domain/failures.ts';

/** Rows of one INSERT: bounds its text and its time. */
const rowsPerInsert = 5_000;

/**
 * Writes a mart's rows to its table in schema marts, in a transaction of their own with the note of what they cover: no
 * publish waits for it. Writing the same again, or after a newer one, changes nothing.
 * @param file JSON, an object a line.
 * @throws Failure `configuration` where there is no such table, `invalid_data` where it refuses the rows.
 */
export async function writeMart(postgres: Pick<Postgres, 'transaction'>, content: MartContent, file: string): Promise<void> {
  try {
    await postgres.transaction(async (statements) => {
      const before = await lockMart(statements, content.name);
      if ((before.covers ?? 0) > content.covers) return;
      if (before.fingerprint !== content.fingerprint) await replaceRows(statements, content.name, file);
      await recordInPostgres(statements, content);
    });
  } catch (error) {
    throw explained(error, content.name);
  }
}

/** DELETE, not TRUNCATE: readers go on with the old rows until the commit. */
async function replaceRows(statements: Statements, name: string, file: string): Promise<void> {
  const table = `marts.${identifier(name)}`;
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
    return new Failure('configuration', `Table marts.${name} does not exist: a new metric needs a migration that creates it.`);
  if (!(error instanceof Failure) || error.kind !== 'invalid_data') return error;
  const { column } = (error.cause ?? {}) as { column?: string };
  return new Failure(
    'invalid_data',
    `Table marts.${name} refuses the rows (SQLSTATE ${state ?? 'unknown'}${column === undefined ? '' : `, column ${column}`}): compare its columns with the metric's.`,
  );
}
