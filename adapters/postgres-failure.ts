import { postgresTlsAdvice } from '#adapters/postgres-tls.ts';
import { tlsFailureOf } from '#adapters/tls.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/**
 * Translates what the driver threw. SQLSTATE classes are those of Appendix A of the Postgres manual.
 *
 * Failures travel into logs, workflow histories and the readers' problems, and the server's words quote values (`invalid
 * input syntax for type integer: "..."`, `Key (x)=(...)`). So its message is kept only of classes that speak of connections
 * and statements; of the others our own sentence names the class and whatever table, column or constraint it names.
 */
export function toPostgresFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const tlsFailure = tlsFailureOf(error, postgresTlsAdvice);
  if (tlsFailure !== undefined) return tlsFailure;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && unreachable.has(code)) return postgresUnreachable(code, error);
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return failureOfState(code, error);
  return failureOfDriver(error);
}

export function postgresUnreachable(code: string, cause?: unknown): Failure {
  return new Failure('unavailable', `Postgres cannot be reached (${code}): is it running?`, { cause });
}

/** SQLSTATE of a failure that Postgres reported, for a dead letter's record. */
export function sqlStateOf(error: unknown): string | undefined {
  const cause = error instanceof Failure ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN']);

/** States that are not of their class's kind. */
const kindByState: Record<string, FailureKind> = {
  '57014': 'timeout',
  '25P03': 'timeout',
  '25P04': 'timeout',
  // A server that became a standby; the next connection finds the other one.
  '25006': 'unavailable',
  '55P03': 'conflict',
  '42501': 'denied',
  '2BP01': 'configuration',
  '3D000': 'missing',
  '23502': 'invalid_data',
  '23514': 'invalid_data',
  '54000': 'invalid_data',
};

/** What is in neither list is a `fault`: it speaks of the statement or of the server, so no record may pay for it. */
const kindByClass: Record<string, FailureKind> = {
  '08': 'unavailable',
  '22': 'invalid_data',
  '28': 'denied',
  '40': 'conflict',
  '53': 'exhausted',
  '57': 'unavailable',
  '58': 'unavailable',
};

/** Classes whose messages speak of connections, transactions, rights and names, and quote no value: parameters are bound. */
const quotesNoData = new Set(['08', '25', '26', '28', '2B', '3D', '3F', '40', '42', '53', '55', '57', '58']);

const classNames: Record<string, string> = {
  '0A': 'a feature that it does not have',
  '21': 'a row count that the statement does not allow',
  '22': 'a value that the column or the statement cannot take',
  '23': 'a row that breaks a constraint',
  '54': 'a value that is larger than its limits',
  P0: 'an exception that a function raised',
  XX: 'an error inside the server',
};

/** Names that the server gives beside its message, none of which is a value. */
type Named = { schema?: string; table?: string; column?: string; constraint?: string; dataType?: string };

function failureOfState(code: string, error: Error): Failure {
  const sqlClass = code.slice(0, 2);
  const { schema, table, column, constraint, dataType } = error as Named;
  const kind = kindByState[code] ?? kindByClass[sqlClass] ?? 'fault';
  const where = Object.entries({ table, column, constraint, type: dataType })
    .flatMap(([what, name]) => (name === undefined ? [] : [`${what} ${name}`]))
    .join(', ');
  const found = quotesNoData.has(sqlClass) ? error.message : `it reports ${classNames[sqlClass] ?? `an error of class ${sqlClass}`}`;
  const message = `Postgres: ${found} (SQLSTATE ${code}${where === '' ? '' : `; ${where}`})${hintFor(code, error)}`;
  const cause = Object.assign(new Error(message), { code, schema, table, column, constraint, dataType });
  return new Failure(kind, message, { cause });
}

/** pg's own words, which have no code. */
function failureOfDriver(error: Error): unknown {
  if (/Query read timeout/.test(error.message))
    return new Failure('timeout', 'Postgres did not answer in time; the statement may have run.', { cause: error });
  if (
    /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed/.test(
      error.message,
    )
  ) {
    return new Failure('unavailable', `Postgres: ${error.message}`, { cause: error });
  }
  if (/does not support SSL/.test(error.message))
    return new Failure('configuration', `Postgres does not offer TLS: check ${postgresTlsAdvice.use}, or turn TLS on in the server.`, {
      cause: error,
    });
  if (/^SASL: .*client password must be/.test(error.message))
    return new Failure('denied', 'Postgres asks for a password, and its URL has none: put one into it.', { cause: error });
  return error;
}

/** What to change where Postgres does not let us in. */
function hintFor(code: string, { message, detail }: Error & { detail?: string }): string {
  // Names alone: "view my_view depends on view metrics.profile_popularity", a line each.
  if (code === '2BP01' && detail !== undefined)
    return `: ${detail.split('\n').join(', ')}. Drop what depends on it, and make that again afterwards.`;
  if (code === '28P01') return ': check user and password of its URL.';
  if (code === '28000' && /no encryption/.test(message)) return ': it wants TLS, so add sslmode=verify-full to its URL.';
  return '';
}
