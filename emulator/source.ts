import type { Postgres } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { sourceTables } from '#emulator/source-tables.ts';

/** A row of each kind with the same row number; geo or user may be missing in a source of one's own. */
export type SourceEvent = { ind: number } & Record<Kind, Record<string, unknown> | undefined>;

export type Source = {
  /** How many rows the pin table had when the source was opened. */
  rowCount: number;
  /** The rows at these places of the pin table in the order of its index; as many, in the same order. */
  fetch(rows: readonly number[]): Promise<SourceEvent[]>;
};

/** Members in the order of the course's clients. Dates travel as ISO text. */
const sources = sourceTables.map(({ kind, table, key, wire }) => {
  const columns = wire.map(({ name, source }) =>
    source === 'timestamp' ? `to_char("${name}"::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS') AS "${name}"` : `"${name}"`,
  );
  return { kind, table, key, sql: `SELECT ${columns.join(', ')} FROM ${table} WHERE "${key}" = ANY($1)` };
});
/** Whose rows are drawn; those of the other kinds go with them by row number. */
const leading = sources[0]!;

/**
 * Opens the source's tables: reads the row numbers of the leading one once, so that a draw is a look-up by key, not a scan.
 * @throws Failure `missing` when there are no tables, or no rows.
 */
export async function openSource(postgres: Postgres): Promise<Source> {
  const numbers = await translated(() =>
    postgres.query<{ key: number }>(`SELECT "${leading.key}" AS key FROM ${leading.table} ORDER BY "${leading.key}"`),
  );
  const keys = numbers.map((row) => row.key);
  if (keys.length === 0)
    throw new Failure(
      'missing',
      `The source table ${leading.table} is empty: fill it, or empty all of the source's tables and start the stack, which fills them.`,
    );

  async function byKey({ sql, key }: (typeof sources)[number], wanted: readonly number[]): Promise<Map<number, Record<string, unknown>>> {
    const rows = await translated(() => postgres.query(sql, [wanted]));
    return new Map(rows.map((row) => [Number(row[key]), row]));
  }

  return {
    rowCount: keys.length,
    async fetch(rows) {
      const wanted = rows.map((row) => keys[row] as number);
      const found = await Promise.all(sources.map(async (source) => [source.kind, await byKey(source, wanted)] as const));
      return wanted.map((ind) => ({ ind, ...Object.fromEntries(found.map(([kind, byInd]) => [kind, byInd.get(ind)])) }) as SourceEvent);
    },
  };
}

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === '3D000' || state === '42P01') {
      throw new Failure(
        'missing',
        `The emulator's source has no tables ${new Intl.ListFormat('en-GB').format(sources.map(({ table }) => table))}: start the stack, which creates them, or point PINFLOW_SOURCE_URL at a database that has them.`,
        { cause: error },
      );
    }
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
