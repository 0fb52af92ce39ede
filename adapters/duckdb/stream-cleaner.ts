import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBValue } from '@duckdb/node-api';
import { LIST, VARCHAR, listValue } from '@duckdb/node-api';
import type { DuckdbSettings } from '#adapters/duckdb/connection.ts';
import { connect, openInstance, translated } from '#adapters/duckdb/connection.ts';
import type { CleanedBatch, CleaningEngine, StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeLastingCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { cleaningMacros, domainSql } from '#adapters/duckdb/sql-files.ts';
import { plainInteger } from '#adapters/duckdb/values.ts';
import type { Column, DuckdbType } from '#domain/kinds/columns.ts';
import { cleanColumnsOf, kindSqlOf, kinds } from '#domain/kinds/list.ts';
import { Failure } from '#domain/failures.ts';
import { liftHeaders } from '#domain/raw-line.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';
import { classifyValue, textOfValue } from '#domain/value.ts';

export type StreamCleanerOptions = {
  /** Batches that are cleaned side by side, each on one thread: at most the worker's stream slots. */
  lanesMax?: number;
  memoryLimit?: string;
};

/**
 * Makes the stream's cleaner: the kinds' SELECTs (clean.sql) over bound lists, prepared once a kind and lane. Only what cleaning
 * looks at crosses into the engine; coordinates and event-id are put beside its columns here.
 */
export function makeStreamCleaner(options: StreamCleanerOptions = {}): Promise<StreamCleaner> {
  return makeLastingCleaner(() => openEngine(options));
}

async function openEngine(options: StreamCleanerOptions): Promise<CleaningEngine> {
  const settings: DuckdbSettings = { threads: 1, memoryLimit: options.memoryLimit ?? '512MB', keepOrder: true };
  const instance = await openInstance(settings);
  const first = await connect(instance, settings);
  await translated(() => first.run(cleaningMacros()), false);
  const lanes = [makeLane(first)];
  for (let n = 1; n < (options.lanesMax ?? 2); n++) lanes.push(makeLane(await connect(instance, settings)));
  return {
    clean(kind, records) {
      const lane = lanes.reduce((best, other) => (other.waiting() < best.waiting() ? other : best));
      return lane.clean(kind, records);
    },
    close() {
      for (const lane of lanes) lane.close();
      instance.closeSync();
    },
  };
}

type Lane = CleaningEngine & { waiting(): number };

function makeLane(connection: DuckDBConnection): Lane {
  const statements = new Map<Kind, Promise<DuckDBPreparedStatement>>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  const prepared = (kind: Kind): Promise<DuckDBPreparedStatement> => {
    let statement = statements.get(kind);
    if (statement === undefined) {
      statement = prepare(connection, statementOf[kind]());
      statements.set(kind, statement);
      // The next batch tries anew: what stood in the way, such as too little memory, may be gone.
      statement.catch(() => statements.delete(kind));
    }
    return statement;
  };
  const work = async (kind: Kind, records: readonly LogRecord[]): Promise<CleanedBatch> => {
    const lifted = records.map(liftHeaders);
    const values = records.map(({ value }) => {
      const { reject } = classifyValue(value);
      return { text: reject === null ? textOfValue(value!) : null, reject };
    });
    const engineColumns = await translated(async () => {
      const statement = await prepared(kind);
      statement.bindList(1, listValue(values.map(({ text }) => text)), LIST(VARCHAR));
      statement.bindList(2, listValue(values.map(({ reject }) => reject)), LIST(VARCHAR));
      statement.bindList(3, listValue(lifted.map(({ receivedAt }) => receivedAt)), LIST(VARCHAR));
      const reader = await statement.runAndReadAll();
      if (reader.currentRowCount !== records.length)
        throw new Error(`cleaning ${records.length} ${kind} records gave ${reader.currentRowCount} rows`);
      return reader.getColumns();
    }, false);
    const made: Record<string, unknown[]> = {
      topic: records.map(({ topic }) => topic),
      partition: records.map(({ partition }) => partition),
      offset: records.map(({ offset }) => offset),
      append_time: records.map(({ appendTimeMs }) => new Date(appendTimeMs).toISOString()),
      event_id: lifted.map(({ eventId }) => eventId),
    };
    for (const [i, { name, duckdb }] of engineColumnsOf(kind).entries())
      made[name] = duckdb === 'BIGINT' ? engineColumns[i]!.map((value) => integerOf(name, value)) : engineColumns[i]!;
    return {
      rows: records.length,
      columns: Object.fromEntries([...cleanColumnsOf[kind].map(({ name }) => name), 'reject'].map((name) => [name, made[name]!])),
    };
  };
  return {
    clean(kind, records) {
      if (records.length === 0)
        return Promise.resolve({
          rows: 0,
          columns: Object.fromEntries([...cleanColumnsOf[kind].map(({ name }) => name), 'reject'].map((name) => [name, []])),
        });
      waiting += 1;
      const result = last
        .then(() => work(kind, records))
        .finally(() => {
          waiting -= 1;
        });
      last = result.catch(() => undefined);
      return result;
    },
    waiting: () => waiting,
    close: () => connection.closeSync(),
  };
}

/** No value is known yet: whatever is wrong with the statement, such as a pattern or a format in it, is our fault. */
async function prepare(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  try {
    return await translated(() => connection.prepare(sql), false);
  } catch (error) {
    throw error instanceof Failure && error.kind === 'invalid_data' ? new Failure('fault', error.message) : error;
  }
}

const passedBy = new Set(['topic', 'partition', 'offset', 'append_time', 'event_id']);
const rejectColumn = { name: 'reject', duckdb: 'VARCHAR' } as const;

function engineColumnsOf(kind: Kind): Pick<Column, 'name' | 'duckdb'>[] {
  return [...cleanColumnsOf[kind].filter(({ name }) => !passedBy.has(name)), rejectColumn];
}

const textForms: Partial<Record<DuckdbType, (name: string) => string>> = {
  TIMESTAMPTZ: (name) => `strftime("${name}" AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS "${name}"`,
  'VARCHAR[]': (name) => `to_json("${name}")::VARCHAR AS "${name}"`,
  'DOUBLE[]': (name) => `to_json("${name}")::VARCHAR AS "${name}"`,
};

// $1 values as JSON text, $2 reject codes, $3 received-at; three lists of one length.
const statementOf = Object.fromEntries(
  kinds.map((kind) => [
    kind,
    () => `
WITH records AS (
  SELECT NULL::VARCHAR AS topic, NULL::INTEGER AS partition, NULL::BIGINT AS "offset", NULL::TIMESTAMPTZ AS append_time, NULL::VARCHAR AS event_id,
    received_at, v::JSON AS v, problem
  FROM (SELECT unnest($1::VARCHAR[]) AS v, unnest($2::VARCHAR[]) AS problem, unnest($3::VARCHAR[]) AS received_at)
), cleaned AS (
${domainSql(kindSqlOf[kind].clean)}
)
SELECT ${engineColumnsOf(kind)
      .map(({ name, duckdb }) => textForms[duckdb]?.(name) ?? `"${name}"`)
      .join(', ')}
FROM cleaned`,
  ]),
) as Record<Kind, () => string>;

/** @throws Failure `fault` where the SELECT gives another type than the kind says: NULL in its place would be a lost value. */
function integerOf(name: string, value: DuckDBValue): number | string | null {
  if (value === null) return null;
  if (typeof value === 'bigint') return plainInteger(value);
  throw new Failure(
    'fault',
    `Cleaning gives ${name} as a ${typeof value} and not as the BIGINT that its kind's fields say: cast it in clean.sql.`,
  );
}
