import type { DuckDBValue } from '@duckdb/node-api';
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
} from '@duckdb/node-api';

/** What rows hold: plain values that survive JSON. */
export type PlainValue = null | boolean | number | string | PlainValue[] | { [name: string]: PlainValue };

/**
 * Turns an engine value into a plain one. Integers of any width: number where safe, else decimal text. DECIMAL: text.
 * TIMESTAMP and TIMESTAMPTZ: ISO 8601 with microseconds, UTC (`2020-08-28T03:52:47.000000Z`; without Z where the column has
 * no zone). BLOB: base64. Lists: arrays; structs: objects; maps: objects by key text. NaN and infinities: text. The rest
 * (DATE, TIME, INTERVAL, UUID, ...): the engine's text.
 */
export function plainValue(value: DuckDBValue): PlainValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return plainInteger(value);
  if (value === null) return null;
  if (value instanceof DuckDBTimestampTZValue) return `${isoOfMicros(value.micros)}Z`;
  if (value instanceof DuckDBTimestampValue) return isoOfMicros(value.micros);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainValue);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, plainValue(entry)]));
  if (value instanceof DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({ key, value: entry }) => [keyText(plainValue(key)), plainValue(entry)]));
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof DuckDBDecimalValue) return value.toString();
  return String(value);
}

/** An integer as number where it is safe, else as decimal text: both fit a JSON document and a Postgres bigint. */
export function plainInteger(value: bigint): number | string {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value.toString();
}

function keyText(key: PlainValue): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}

function isoOfMicros(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - fraction) / 1_000_000n);
  if (Math.abs(seconds) > 8_640_000_000_000) return micros > 0n ? 'infinity' : '-infinity';
  return `${new Date(seconds * 1_000).toISOString().slice(0, -5)}.${fraction.toString().padStart(6, '0')}`;
}
