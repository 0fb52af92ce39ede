import { usageError } from '../run-program.ts';

const spanMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A point in time as tctl takes it: RFC 3339 (`2026-01-31T10:00:00Z`), Unix nanoseconds, or a span back from now
 * (`30m`, `2h`, `3d`).
 * @throws CommanderError that names the option.
 */
export function parseTime(option: string, text: string, nowMs: number): Date {
  const span = /^(\d+)([smhdw])$/.exec(text);
  if (span !== null) return new Date(nowMs - Number(span[1]) * spanMs[span[2]!]!);
  if (/^\d+$/.test(text)) return new Date(Number(BigInt(text) / 1_000_000n));
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime()))
    throw usageError(
      `Cannot parse ${option} "${text}": expected RFC 3339 such as 2026-01-31T10:00:00Z, Unix nanoseconds, or a span back from now such as 3d.`,
    );
  return time;
}
