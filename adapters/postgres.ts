import pg from 'pg';
import { toPostgresFailure } from '#adapters/postgres-failure.ts';
import { splitTls } from '#adapters/postgres-tls.ts';

/**
 * Postgres: pooled statements and transactions, driver errors translated once. int8 and numeric counts arrive as
 * numbers (offsets and counts are below 2^53, asserted); timestamptz as Date (milliseconds).
 */
export type Statements = {
  /** Runs a statement and returns its rows. */
  query<Row extends object = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs a statement and returns how many rows it hit. */
  execute(sql: string, parameters?: readonly unknown[]): Promise<number>;
  /** Runs a named prepared statement; for hot statements whose text never changes. */
  prepared<Row extends object = Record<string, unknown>>(name: string, sql: string, parameters: readonly unknown[]): Promise<Row[]>;
};

export type Postgres = Statements & {
  /** Runs `work` in one transaction; commits when it resolves, rolls back when it rejects. */
  transaction<Result>(work: (statements: Statements) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

export type PostgresOptions = {
  url: string;
  applicationName: string;
  connectionsMax?: number;
  /** Bound on a statement and on an idle transaction: frees row locks of a stopped process. */
  statementTimeoutMs?: number;
  /** Bound on waiting for a lock, which then counts as a conflict and not as slowness; none but the statement's when left out. */
  lockTimeoutMs?: number;
};

const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary' ? parseSafeInteger : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('an int8 is beyond 2^53; select it as text');
  return value;
}

/** @throws Failure `configuration` where the TLS parameters of the URL cannot be used. */
export function makePostgres(options: PostgresOptions): Postgres {
  const timeoutMs = options.statementTimeoutMs ?? 10_000;
  const { url, ssl } = splitTls(options.url);
  const pool = new pg.Pool({
    connectionString: url,
    ...(ssl === undefined ? {} : { ssl }),
    application_name: options.applicationName,
    max: options.connectionsMax ?? 8,
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    ...(options.lockTimeoutMs === undefined ? {} : { lock_timeout: options.lockTimeoutMs }),
    query_timeout: timeoutMs + 1_000,
    keepAlive: true,
    types,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);

  return {
    ...statementsOn(pool),
    async transaction(work) {
      const client = await translated(() => pool.connect());
      let broken: Error | undefined;
      // Without a listener an error between two statements (server gone) would be an uncaught exception.
      const onError = (error: Error): void => {
        broken = error;
      };
      client.on('error', onError);
      try {
        await translated(() => client.query('BEGIN ISOLATION LEVEL READ COMMITTED'));
        const result = await work(statementsOn(client));
        await translated(() => client.query('COMMIT'));
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollbackError: Error) => {
          broken ??= rollbackError;
        });
        throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}

function statementsOn(target: pg.Pool | pg.PoolClient): Statements {
  return {
    query: async <Row extends object>(sql: string, parameters?: readonly unknown[]) =>
      (await translated(() => target.query(sql, parameters as unknown[]))).rows as Row[],
    execute: async (sql, parameters) => (await translated(() => target.query(sql, parameters as unknown[]))).rowCount ?? 0,
    prepared: async <Row extends object>(name: string, text: string, values: readonly unknown[]) =>
      (await translated(() => target.query({ name, text, values: values as unknown[] }))).rows as Row[],
  };
}

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toPostgresFailure(error);
  }
}
