import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/**
 * Translates what DuckDB threw. Its messages begin with the name of the error's class ("Binder Error: ...").
 * @param showData whether the message may quote values: true for SQL that a person wrote, who sees the rows anyway.
 */
export function toDuckdbFailure(error: unknown, showData: boolean): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const name = /^([A-Za-z][A-Za-z ]*?) Error:/.exec(error.message)?.[1]?.toLowerCase();
  if (name === undefined) return error;
  if (/no space left|could not write.*enough|max_temp_directory_size/i.test(error.message)) {
    return new Failure(
      'exhausted',
      `DuckDB has no disk space left for its temporary files: free some, or set a larger limit. (${name} error)`,
      { cause: withoutData(error, showData) },
    );
  }
  const kind = name === 'io' && /no files found|no such file/i.test(error.message) ? 'missing' : kindByName[name];
  if (kind === undefined) return error;
  const message =
    showData || !quotesData.has(name)
      ? error.message
      : `${name} error; its message is not shown because it may quote event data. Run the statement by hand to see it.`;
  return new Failure(kind, `DuckDB: ${message}`, { cause: withoutData(error, showData) });
}

const kindByName: Record<string, FailureKind> = {
  interrupt: 'timeout',
  'out of memory': 'exhausted',
  io: 'unavailable',
  fatal: 'unavailable',
  http: 'unavailable',
  permission: 'denied',
  parser: 'invalid_data',
  syntax: 'invalid_data',
  binder: 'invalid_data',
  catalog: 'invalid_data',
  conversion: 'invalid_data',
  'invalid input': 'invalid_data',
  'invalid type': 'invalid_data',
  'mismatch type': 'invalid_data',
  'out of range': 'invalid_data',
  constraint: 'invalid_data',
  'not implemented': 'invalid_data',
  'parameter not resolved': 'invalid_data',
  sequence: 'invalid_data',
  serialization: 'invalid_data',
  dependency: 'invalid_data',
};

const quotesData = new Set(['conversion', 'invalid input', 'invalid type', 'mismatch type', 'out of range', 'constraint']);

/** A cause travels into logs as well, so it is kept only where the message may be. */
function withoutData(error: Error, showData: boolean): Error | undefined {
  return showData ? error : undefined;
}
