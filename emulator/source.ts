import type { Postgres } from '#adapters/postgres.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/terms.ts';

/** A row of each kind with the same row number; geo or user may be missing in a source of one's own. */
export type SourceEvent = { ind: number } & Record<Kind, Record<string, unknown> | undefined>;

export type Source = {
  /** How many rows the pin table had when the source was opened. */
  rowCount: number;
  /** The rows at these places of the pin table in the order of its index; as many, in the same order. */
  fetch(rows: readonly number[]): Promise<SourceEvent[]>;
};

/** Field order is that of the course's clients. Dates travel as ISO text. */
const selects: Record<Kind, { key: string; sql: string }> = {
  pin: {
    key: 'index',
    sql: 'SELECT index, unique_id, title, description, poster_name, follower_count, tag_list, is_image_or_video, image_src, downloaded, save_location, category FROM pinterest_data WHERE index = ANY($1)',
  },
  geo: {
    key: 'ind',
    sql: `SELECT ind, to_char("timestamp"::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS') AS timestamp, latitude, longitude, country FROM geolocation_data WHERE ind = ANY($1)`,
  },
  user: {
    key: 'ind',
    sql: `SELECT ind, first_name, last_name, age, to_char(date_joined::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS') AS date_joined FROM user_data WHERE ind = ANY($1)`,
  },
};

/**
 * Opens the three tables: reads the row numbers of the pin table once, so that a draw is a look-up by key, not a scan.
 * @throws Failure `missing` when there are no tables, or no rows.
 */
export async function openSource(postgres: Postgres): Promise<Source> {
  const numbers = await translated(() => postgres.query<{ index: number }>('SELECT index FROM pinterest_data ORDER BY index'));
  const keys = numbers.map((row) => row.index);
  if (keys.length === 0)
    throw new Failure(
      'missing',
      'The source table pinterest_data is empty: fill it, or empty all three tables and start the stack, which fills them.',
    );

  async function byKey(kind: Kind, wanted: readonly number[]): Promise<Map<number, Record<string, unknown>>> {
    const rows = await translated(() => postgres.query(selects[kind].sql, [wanted]));
    return new Map(rows.map((row) => [Number(row[selects[kind].key]), row]));
  }

  return {
    rowCount: keys.length,
    async fetch(rows) {
      const wanted = rows.map((row) => keys[row] as number);
      const [pin, geo, user] = await Promise.all([byKey('pin', wanted), byKey('geo', wanted), byKey('user', wanted)]);
      return wanted.map((ind) => ({ ind, pin: pin.get(ind), geo: geo.get(ind), user: user.get(ind) }));
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
        "The emulator's source has no tables pinterest_data, geolocation_data and user_data: start the stack, which creates them, or point PINFLOW_SOURCE_URL at a database that has them.",
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
