import { createDatabase } from '#setup/create-database.ts';
import type { Statements } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { SyntheticRows } from '#emulator/synthetic/rows.ts';
import { makeSyntheticRows } from '#emulator/synthetic/rows.ts';

/**
 * The emulator's source: the course's three tables, filled once with synthetic rows. Tables that hold anything already
 * are left alone, whoever filled them.
 */
const createTables = `
  CREATE TABLE IF NOT EXISTS pinterest_data (
    index bigint PRIMARY KEY, unique_id text, title text, description text, poster_name text, follower_count text,
    tag_list text, is_image_or_video text, image_src text, downloaded int, save_location text, category text);
  CREATE TABLE IF NOT EXISTS geolocation_data (
    ind bigint PRIMARY KEY, "timestamp" timestamp, latitude double precision, longitude double precision, country text);
  CREATE TABLE IF NOT EXISTS user_data (
    ind bigint PRIMARY KEY, first_name text, last_name text, age int, date_joined timestamp);`;

/** Array types of the columns, in the order of the row objects' fields. */
const columnTypes = {
  pinterest_data: {
    index: 'bigint',
    unique_id: 'text',
    title: 'text',
    description: 'text',
    poster_name: 'text',
    follower_count: 'text',
    tag_list: 'text',
    is_image_or_video: 'text',
    image_src: 'text',
    downloaded: 'int',
    save_location: 'text',
    category: 'text',
  },
  geolocation_data: { ind: 'bigint', timestamp: 'timestamp', latitude: 'double precision', longitude: 'double precision', country: 'text' },
  user_data: { ind: 'bigint', first_name: 'text', last_name: 'text', age: 'int', date_joined: 'timestamp' },
} as const;
type SourceTable = keyof typeof columnTypes;

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
 * Creates the source database and its tables, and fills them in one transaction if all three are empty.
 * @returns how many rows a table were written: 0 when there was something already.
 */
export async function fillSource({ postgresUrl, makeRows = makeSyntheticRows }: FillSourceOptions): Promise<number> {
  await createDatabase(postgresUrl);
  const postgres = makePostgres({ url: postgresUrl, applicationName: 'pinflow-setup', connectionsMax: 1, statementTimeoutMs: 60_000 });
  try {
    return await postgres.transaction(async (statements) => {
      await statements.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
      await statements.execute(createTables);
      const [filled] = await statements.query<{ any: boolean }>(
        'SELECT EXISTS (SELECT FROM pinterest_data) OR EXISTS (SELECT FROM geolocation_data) OR EXISTS (SELECT FROM user_data) AS any',
      );
      if (filled?.any === true) return 0;
      const rows = makeRows();
      await insertRows(statements, 'pinterest_data', rows.pins);
      await insertRows(statements, 'geolocation_data', rows.geo);
      await insertRows(statements, 'user_data', rows.users);
      return rows.pins.length;
    });
  } finally {
    await postgres.close();
  }
}

/** One array a column and statement: the fastest way without COPY, and the statement's text never grows. */
async function insertRows(statements: Statements, table: SourceTable, rows: readonly object[]): Promise<void> {
  const types = Object.entries(columnTypes[table]);
  const columns = types.map(([name]) => `"${name}"`).join(', ');
  const arrays = types.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ');
  for (let first = 0; first < rows.length; first += chunkRows) {
    const chunk = rows.slice(first, first + chunkRows) as Record<string, unknown>[];
    await statements.execute(
      `INSERT INTO ${table} (${columns}) SELECT * FROM unnest(${arrays})`,
      types.map(([name]) => chunk.map((row) => row[name])),
    );
  }
}
