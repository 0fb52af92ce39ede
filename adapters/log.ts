import { Failure } from '#domain/failures.ts';

/** Log levels, least severe first. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Readonly<Record<string, unknown>>;
export type Log = Record<LogLevel, (message: string, fields?: LogFields) => void>;

/**
 * Makes a logger that writes one JSON line per event to stdout: `{"time","level","component","msg",...fields}`. Errors
 * among the fields become their kind and message; no field may hold event data or a secret.
 */
export function makeLog(component: string, level: LogLevel): Log {
  if (process.stdout.listenerCount('error', ignoreError) === 0) process.stdout.on('error', ignoreError);
  const least = logLevels.indexOf(level);
  const write = (severity: LogLevel): Log[LogLevel] => {
    if (logLevels.indexOf(severity) < least) return () => undefined;
    return (message, fields) => {
      process.stdout.write(
        `${JSON.stringify({ time: new Date().toISOString(), level: severity, component, msg: message, ...fields }, plainError)}\n`,
      );
    };
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Whoever reads the log may go away (a pipe, a log shipper that restarts); the process has more to do than to log. */
function ignoreError(): void {}

function plainError(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Error)) return value;
  // A failure's message is a sentence of ours; of anything else the stack is needed to find the fault.
  return value instanceof Failure
    ? { kind: value.kind, message: value.message }
    : { name: value.name, message: value.message, stack: value.stack };
}
