import pg from 'pg';
import { postgresTlsAdvice, splitTls } from '#adapters/postgres-tls.ts';
import { tlsFailureOf } from '#adapters/tls.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

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
};

const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary' ? parseSafeInteger : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} is beyond 2^53; select it as text`);
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
        await translated(() => client.query('BEGIN'));
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
    throw toFailure(error);
  }
}

const transientByClass: Record<string, FailureKind> = { '08': 'unavailable', '53': 'exhausted', '58': 'unavailable' };
const kindByState: Record<string, FailureKind> = {
  '40001': 'conflict',
  '40P01': 'conflict',
  '55P03': 'conflict',
  '57014': 'timeout',
  '25P03': 'timeout',
  '57P01': 'unavailable',
  '57P02': 'unavailable',
  '57P03': 'unavailable',
  '57P04': 'unavailable',
  '57P05': 'unavailable',
  '28P01': 'denied',
  '28000': 'denied',
  '42501': 'denied',
  '3D000': 'missing',
  '23502': 'invalid_data',
  '23514': 'invalid_data',
  '54000': 'invalid_data',
};
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Translates a driver error; SQLSTATE classes as in Appendix A of the Postgres manual. Programming errors (42...) and
 * whatever is unknown stay what they are, so that they fail loudly.
 */
function toFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  const tlsFailure = tlsFailureOf(error, postgresTlsAdvice);
  if (tlsFailure !== undefined) return tlsFailure;
  if (typeof code === 'string') {
    if (unreachable.has(code)) return new Failure('unavailable', `Postgres cannot be reached (${code}): is it running?`, { cause: error });
    const kind = kindByState[code] ?? transientByClass[code.slice(0, 2)] ?? (code.startsWith('22') ? 'invalid_data' : undefined);
    if (kind !== undefined)
      return new Failure(kind, `Postgres: ${error.message} (SQLSTATE ${code})${hintFor(code, error)}`, { cause: error });
  }
  if (/Query read timeout/.test(error.message))
    return new Failure('timeout', 'Postgres did not answer in time; the statement may have run.', { cause: error });
  if (
    /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed/.test(
      error.message,
    )
  ) {
    return new Failure('unavailable', `Postgres: ${error.message}`, { cause: error });
  }
  // pg's own words, which have no code.
  if (/does not support SSL/.test(error.message))
    return new Failure('configuration', `Postgres does not offer TLS: check ${postgresTlsAdvice.use}, or turn TLS on in the server.`, {
      cause: error,
    });
  if (/^SASL: .*client password must be/.test(error.message))
    return new Failure('denied', 'Postgres asks for a password, and its URL has none: put one into it.', { cause: error });
  return error;
}

/** What to change where Postgres does not let us in. */
function hintFor(code: string, { message }: Error): string {
  if (code === '28P01') return ': check user and password of its URL.';
  if (code === '28000' && /no encryption/.test(message)) return ': it wants TLS, so add sslmode=verify-full to its URL.';
  return '';
}

/** SQLSTATE of a failure that Postgres reported, for a dead letter's record. */
export function sqlStateOf(error: unknown): string | undefined {
  const cause = error instanceof Failure ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
