import { createDatabase } from '#setup/create-database.ts';
import type { Statements } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { SourceTable } from '#emulator/source-tables.ts';
import { fieldsPresent, sourceTables } from '#emulator/source-tables.ts';
import type { SyntheticRows } from '#emulator/synthetic/rows.ts';
import { makeSyntheticRows } from '#emulator/synthetic/rows.ts';

/**
 * The emulator's source: the course's tables, one a kind, filled once with synthetic rows. Tables that hold anything already
 * are left alone, whoever filled them.
 */
const createTables = sourceTables
  .map(({ table, key, fields }) => {
    const columns = fields.map(({ name, sourceType }) => `"${name}" ${sourceType}${name === key ? ' PRIMARY KEY' : ''}`);
    return `CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')});`;
  })
  .join('\n');

/** Serialises two processes that set up the same source. */
const LOCK_KEY = 7_462_001;
const chunkRows = 4_000;

export type FillSourceOptions = {
  /** The source database; created when it is not there. */
  postgresUrl: string;
  /** Rows to fill empty tables with. Default: all synthetic rows. */
  makeRows?: () => SyntheticRows;
};

/**
 * Creates the source database and its tables, and fills them in one transaction if all are empty.
 * @returns how many rows a table were written: 0 when there was something already.
 */
export async function fillSource({ postgresUrl, makeRows = makeSyntheticRows }: FillSourceOptions): Promise<number> {
  await createDatabase(postgresUrl);
  const postgres = makePostgres({ url: postgresUrl, applicationName: 'pinflow-setup', connectionsMax: 1, statementTimeoutMs: 60_000 });
  try {
    return await postgres.transaction(async (statements) => {
      await statements.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
      await statements.execute(createTables);
      const anyRows = sourceTables.map(({ table }) => `EXISTS (SELECT FROM ${table})`).join(' OR ');
      const [filled] = await statements.query<{ any: boolean }>(`SELECT ${anyRows} AS any`);
      if (filled?.any === true) return 0;
      // A kind that nobody made rows of has an empty table.
      const rows: Partial<Record<Kind, readonly object[]>> = makeRows();
      for (const one of sourceTables) await insertRows(statements, one, rows[one.kind] ?? []);
      return Math.max(...sourceTables.map(({ kind }) => rows[kind]?.length ?? 0));
    });
  } finally {
    await postgres.close();
  }
}

/** One array a column and statement: the fastest way without COPY, and the statement's text never grows. */
async function insertRows(statements: Statements, source: SourceTable, rows: readonly object[]): Promise<void> {
  const fields = await fieldsPresent(statements, source);
  const columns = fields.map(({ name }) => `"${name}"`).join(', ');
  const arrays = fields.map(({ sourceType }, i) => `$${i + 1}::${sourceType}[]`).join(', ');
  for (let first = 0; first < rows.length; first += chunkRows) {
    const chunk = rows.slice(first, first + chunkRows) as Record<string, unknown>[];
    await statements.execute(
      `INSERT INTO ${source.table} (${columns}) SELECT * FROM unnest(${arrays})`,
      fields.map(({ name }) => chunk.map((row) => row[name])),
    );
  }
}
