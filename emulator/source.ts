import type { Postgres } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { SourceField, SourceTable } from '#emulator/source-tables.ts';
import { fieldsPresent, leadingTable, sourceTables, tablesListed } from '#emulator/source-tables.ts';

/** A row of each kind with the same row number; all but the leading kind's may be missing in a source of one's own. */
export type SourceEvent = { ind: number } & Partial<Record<Kind, Record<string, unknown> | undefined>>;

export type Source = {
  /** How many rows the pin table had when the source was opened. */
  rowCount: number;
  /** The rows at these places of the pin table in the order of its index; as many, in the same order. */
  fetch(rows: readonly number[]): Promise<SourceEvent[]>;
};

type Reading = { kind: Kind; key: string; sql: string };

/** Members in the order of the course's clients. Dates travel as ISO text. */
function readingOf({ kind, table, key }: SourceTable, fields: readonly SourceField[]): Reading {
  const columns = fields.map(({ name, sourceType }) =>
    sourceType === 'timestamp' ? `to_char("${name}"::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS') AS "${name}"` : `"${name}"`,
  );
  return { kind, key, sql: `SELECT ${columns.join(', ')} FROM ${table} WHERE "${key}" = ANY($1)` };
}

/**
 * Opens the source's tables: reads the row numbers of the leading one once, so that a draw is a look-up by key, not a scan.
 * What a table has no column for is not posted.
 * @param warn is told, a line a table, what that is.
 * @throws Failure `missing` when there are no tables, no column to find rows by, or no rows.
 */
export async function openSource(postgres: Postgres, warn: (line: string) => void = () => undefined): Promise<Source> {
  const readings = await translated(async () => {
    const found = await Promise.all(sourceTables.map(async (source) => [source, await fieldsPresent(postgres, source)] as const));
    return found.map(([source, fields]) => {
      if (fields.length === 0) throw tablesMissing();
      warnOfAbsent(source, fields, warn);
      return readingOf(source, fields);
    });
  });
  const { table, key: leadingKey } = leadingTable;
  const numbers = await translated(() =>
    postgres.query<{ key: number }>(`SELECT "${leadingKey}" AS key FROM ${table} ORDER BY "${leadingKey}"`),
  );
  const keys = numbers.map((row) => row.key);
  if (keys.length === 0)
    throw new Failure(
      'missing',
      `The source table ${table} is empty: fill it, or empty all of the source's tables and start the stack, which fills them.`,
    );

  async function byKey({ sql, key }: Reading, wanted: readonly number[]): Promise<Map<number, Record<string, unknown>>> {
    const rows = await translated(() => postgres.query(sql, [wanted]));
    return new Map(rows.map((row) => [Number(row[key]), row]));
  }

  return {
    rowCount: keys.length,
    async fetch(rows) {
      const wanted = rows.map((row) => keys[row] as number);
      const found = await Promise.all(readings.map(async (reading) => [reading.kind, await byKey(reading, wanted)] as const));
      return wanted.map((ind) => ({ ind, ...Object.fromEntries(found.map(([kind, byInd]) => [kind, byInd.get(ind)])) }));
    },
  };
}

function warnOfAbsent({ table, key, fields }: SourceTable, present: readonly SourceField[], warn: (line: string) => void): void {
  const absent = fields.filter((field) => !present.includes(field)).map(({ name }) => name);
  if (absent.includes(key))
    throw new Failure(
      'missing',
      `The source table ${table} has no column ${key}, by which its rows are found: add it, or use another source.`,
    );
  if (absent.length > 0) warn(`The source table ${table} lacks ${absent.join(', ')}: its rows are posted without.`);
}

/** @param cause what Postgres said, where it was asked. */
function tablesMissing(cause?: unknown): Failure {
  return new Failure(
    'missing',
    `The emulator's source has no tables ${tablesListed}: start the stack, which creates them, or point PINFLOW_SOURCE_URL at a database that has them.`,
    { cause },
  );
}

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === '3D000' || state === '42P01') throw tablesMissing(error);
    if (error instanceof Failure && error.kind === 'unavailable') {
      throw new Failure(
        'unavailable',
        "The emulator's source database (PINFLOW_SOURCE_URL) cannot be reached: start the stack with npm start, or check the address.",
        { cause: error },
      );
    }
    throw error;
  }
}
