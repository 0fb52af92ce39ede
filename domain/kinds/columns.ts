/** A column of a lake table and of its twin in Postgres. `delta` is the type in a Delta schema, `array<...>` for lists. */
export type Column = { name: string; duckdb: DuckdbType; delta: DeltaType; postgres: string };
export type DuckdbType = 'BIGINT' | 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'VARCHAR' | 'TIMESTAMPTZ' | 'VARCHAR[]' | 'DOUBLE[]';
export type DeltaType = 'long' | 'integer' | 'double' | 'boolean' | 'string' | 'timestamp' | 'array<string>' | 'array<double>';

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

/** What cleaning could not type and what it does not know. json, not jsonb: jsonb refuses \u0000 and huge numbers. */
export const noteColumns: readonly Column[] = [column('nulled', 'VARCHAR', 'json'), column('extra', 'VARCHAR', 'json')];

/** Where the record stands. */
export const coordinateColumns: readonly Column[] = [
  column('topic', 'VARCHAR'),
  column('partition', 'INTEGER'),
  column('offset', 'BIGINT'),
  column('append_time', 'TIMESTAMPTZ'),
];

/** What the door said of the record. */
export const headerColumns: readonly Column[] = [column('event_id', 'VARCHAR'), column('received_at', 'TIMESTAMPTZ')];
