import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/**
 * Translates what DuckDB threw. Its messages begin with the name of the error's class ("Binder Error: ..."), behind what
 * the driver was about ("Failed to extract statements: Parser Error: ...").
 *
 * Only the classes that name a value are `invalid_data`. Whatever speaks of the statement, the catalog or the engine is a
 * `fault`, also a class that nobody knows yet: a wrong guess then costs time, and no record.
 * @param showData whether the message may quote values: true for SQL that a person wrote, who sees the rows anyway.
 */
export function toDuckdbFailure(error: unknown, showData: boolean): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const name = /^(?:Failed to [a-z ]+: )?([A-Za-z][A-Za-z ]*?) Error:/.exec(error.message)?.[1]?.toLowerCase();
  if (name === undefined) return error;
  const options = { cause: withoutData(error, showData) };
  if (/no space left|could not write.*enough|max_temp_directory_size/i.test(error.message)) {
    return new Failure(
      'exhausted',
      `DuckDB has no disk space left for its temporary files: free some, or set a larger limit. (${name} error)`,
      options,
    );
  }
  const kind = name === 'io' && /no files found|no such file/i.test(error.message) ? 'missing' : (kindByName[name] ?? 'fault');
  const message =
    showData || quotesNoData.has(name)
      ? error.message
      : `${name} error; its message is not shown because it may quote event data. Run the statement by hand to see it.`;
  return new Failure(kind, `DuckDB: ${message}`, options);
}

/** Classes beside these are a `fault`. */
const kindByName: Record<string, FailureKind> = {
  interrupt: 'timeout',
  'out of memory': 'exhausted',
  io: 'unavailable',
  http: 'unavailable',
  permission: 'denied',
  // Both leave the instance unusable: every later statement fails.
  fatal: 'crashed',
  internal: 'crashed',
  conversion: 'invalid_data',
  'invalid input': 'invalid_data',
  'out of range': 'invalid_data',
  decimal: 'invalid_data',
  'divide by zero': 'invalid_data',
  'object size': 'invalid_data',
  constraint: 'invalid_data',
};

/** Classes that speak of the statement, whose values are bound and so not in its text, or of files and memory. */
const quotesNoData = new Set([
  'parser',
  'syntax',
  'binder',
  'catalog',
  'planner',
  'parameter not resolved',
  'parameter not allowed',
  'missing extension',
  'dependency',
  'settings',
  'invalid configuration',
  'permission',
  'io',
  'interrupt',
  'out of memory',
]);

/** A cause travels into logs as well, so it is kept only where the message may be. */
function withoutData(error: Error, showData: boolean): Error | undefined {
  return showData ? error : undefined;
}
