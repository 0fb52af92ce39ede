import type { Kind } from '#domain/terms.ts';

/** A column of a lake table and of its twin in Postgres. `delta` is the type in a Delta schema, `array<...>` for lists. */
export type Column = { name: string; duckdb: DuckdbType; delta: DeltaType; postgres: string };
export type DuckdbType = 'BIGINT' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'VARCHAR' | 'TIMESTAMPTZ' | 'VARCHAR[]' | 'DOUBLE[]';
export type DeltaType = 'long' | 'integer' | 'double' | 'boolean' | 'string' | 'timestamp' | 'array<string>' | 'array<double>';

/** What cleaning knows of a kind. Lake schemas, column lists of statements and sink tables are derived from this list. */
export type CleanKind = {
  /** The SELECT over `records`, by its name below domain/. */
  sqlFile: string;
  /** The SELECT over `cleaned` that gives (identity, append_time, partition, offset) of its clean rows. */
  keysFile: string;
  /** Columns of the clean table in order. The SELECT gives these, then `reject`. */
  columns: readonly Column[];
};

const twins = {
  BIGINT: ['long', 'bigint'],
  INTEGER: ['integer', 'integer'],
  DOUBLE: ['double', 'double precision'],
  BOOLEAN: ['boolean', 'boolean'],
  VARCHAR: ['string', 'text'],
  TIMESTAMPTZ: ['timestamp', 'timestamptz'],
  'VARCHAR[]': ['array<string>', 'text[]'],
  'DOUBLE[]': ['array<double>', 'double precision[]'],
} as const satisfies Record<DuckdbType, readonly [DeltaType, string]>;

/** Makes a column with the types that go with a DuckDB type; `postgres` where the twin's type is another. */
export function column(name: string, duckdb: DuckdbType, postgres: string = twins[duckdb][1]): Column {
  return { name, duckdb, delta: twins[duckdb][0], postgres };
}

// json, not jsonb: jsonb refuses \u0000 and huge numbers.
const notes = [column('nulled', 'VARCHAR', 'json'), column('extra', 'VARCHAR', 'json')];
const coordinates = [
  column('topic', 'VARCHAR'),
  column('partition', 'INTEGER'),
  column('offset', 'BIGINT'),
  column('append_time', 'TIMESTAMPTZ'),
];
const headers = [column('event_id', 'VARCHAR'), column('received_at', 'TIMESTAMPTZ')];
const ours = [...notes, ...coordinates, ...headers];

export const cleanKinds: Record<Kind, CleanKind> = {
  pin: {
    sqlFile: 'clean/pin.sql',
    keysFile: 'clean/keys/pin.sql',
    columns: [
      column('ind', 'BIGINT'),
      column('unique_id', 'VARCHAR'),
      column('title', 'VARCHAR'),
      column('description', 'VARCHAR'),
      column('follower_count', 'BIGINT'),
      column('poster_name', 'VARCHAR'),
      column('tag_list', 'VARCHAR[]'),
      column('is_image_or_video', 'VARCHAR'),
      column('image_src', 'VARCHAR'),
      column('save_location', 'VARCHAR'),
      column('category', 'VARCHAR'),
      column('downloaded', 'BOOLEAN'),
      ...ours,
    ],
  },
  geo: {
    sqlFile: 'clean/geo.sql',
    keysFile: 'clean/keys/geo.sql',
    columns: [
      column('ind', 'BIGINT'),
      column('country', 'VARCHAR'),
      column('coordinates', 'DOUBLE[]'),
      column('timestamp', 'TIMESTAMPTZ'),
      column('latitude', 'DOUBLE'),
      column('longitude', 'DOUBLE'),
      ...ours,
    ],
  },
  user: {
    sqlFile: 'clean/user.sql',
    keysFile: 'clean/keys/user.sql',
    columns: [
      column('ind', 'BIGINT'),
      column('user_name', 'VARCHAR'),
      column('age', 'BIGINT'),
      column('date_joined', 'TIMESTAMPTZ'),
      ...ours,
    ],
  },
};

/** The column that holds a kind's identity. */
export const identityOf: Record<Kind, string> = { pin: 'unique_id', geo: 'ind', user: 'ind' };

/** Columns of the lake table `rejects`. `value` is text where it is UTF-8 (`encoding` = 'text'), else base64 ('base64'). */
export const rejectColumns: readonly Column[] = [
  column('kind', 'VARCHAR'),
  column('reason', 'VARCHAR'),
  ...coordinates,
  ...headers,
  column('source', 'VARCHAR'),
  column('value', 'VARCHAR'),
  column('encoding', 'VARCHAR'),
];

/** Statements of cleaning that do not belong to one kind, by their names below domain/. */
export const cleanFiles = {
  /** CREATE MACRO statements that the SELECTs use; run once a connection. */
  macros: 'clean/macros.sql',
  /** `raw_lines` (+ topic) -> `records`. */
  fromRawLines: 'clean/from-raw-lines.sql',
  /** `keyed` (identity, append_time, partition, offset) -> the latest of each identity, same columns. */
  latestPerIdentity: 'clean/latest-per-identity.sql',
  /** `all_records`, `winners` -> the records that won. */
  winningRecords: 'clean/winning-records.sql',
  /** `cleaned`, `raw_lines`, `kind_name` -> rows of the lake table `rejects`. */
  rejects: 'clean/rejects.sql',
} as const;
