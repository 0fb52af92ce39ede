import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const TAIL_BYTES = 8_192;
const TAIL_LINES = 25;
const LOG_BYTES_MAX = 32_000_000;

/** Opens a log for appending; one that has grown large is put aside first (one generation is kept). */
export function openLog(file: string): number {
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** The last lines of a log from byte `from` on, for an error message. */
export function tailOfLog(file: string, from = 0): string {
  const text = readFrom(file, from, true);
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}

/** What a log says from byte `from` on, at most the last 8 KB of it when `lastOnly`. */
export function readFrom(file: string, from: number, lastOnly = false): string {
  if (!existsSync(file)) return '';
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const start = lastOnly ? Math.max(from, size - TAIL_BYTES) : from;
    const buffer = Buffer.alloc(Math.max(0, size - start));
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, start));
  } finally {
    closeSync(descriptor);
  }
}
