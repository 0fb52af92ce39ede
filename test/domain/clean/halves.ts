import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Duckdb, Row } from '#adapters/duckdb/connection.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import { cleaningMacros, domainSql } from '#adapters/duckdb/sql-files.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import { cleanFiles } from '#domain/clean/clean-files.ts';
import { cleanColumnsOf, kindSqlOf, kinds } from '#domain/kinds/list.ts';
import { encodeRawLines } from '#domain/raw-line.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';

/** Both halves of the pipeline as tests see them: the same records in, rows in one form out. */
export type Halves = {
  duckdb: Duckdb;
  /** Raw lines in a compressed file, read by read_json, cleaned. */
  batch(kind: Kind, records: readonly LogRecord[]): Promise<Row[]>;
  /** Names and types of the columns that cleaning gives in the batch. */
  columns(kind: Kind): Promise<{ name: string; duckdb: string }[]>;
  /** Bound lists, cleaned. */
  stream(kind: Kind, records: readonly LogRecord[]): Promise<Row[]>;
  /** Texts of `v` as read_json gives them from raw lines. */
  readValues(records: readonly LogRecord[]): Promise<string[]>;
  close(): void;
};

export async function openHalves(): Promise<Halves> {
  const folder = mkdtempSync(join(tmpdir(), 'pinflow-clean-'));
  const duckdb = await openDuckdb({ threads: 2, memoryLimit: '512MB', showData: true });
  await duckdb.run(cleaningMacros());
  const cleaner: StreamCleaner = await makeStreamCleaner();
  let files = 0;
  // A new name each time: the engine remembers files by name.
  const writeRawLines = (records: readonly LogRecord[]): string => {
    const file = join(folder, `raw-${files++}.ndjson.zst`);
    writeFileSync(file, zstdCompressSync(encodeRawLines(records)));
    return file;
  };
  const cleanedFrom = (kind: Kind, file: string): string =>
    `${rawLinesOver(file)}, records AS (${domainSql(cleanFiles.fromRawLines)}), cleaned AS (${domainSql(kindSqlOf[kind].clean)}) SELECT * FROM cleaned ORDER BY partition, "offset"`;
  return {
    duckdb,
    async batch(kind, records) {
      return duckdb.rows(cleanedFrom(kind, writeRawLines(records)));
    },
    async columns(kind) {
      const rows = await duckdb.rows(`DESCRIBE ${cleanedFrom(kind, writeRawLines([]))}`);
      return rows.map(({ column_name, column_type }) => ({ name: column_name as string, duckdb: column_type as string }));
    },
    async stream(kind, records) {
      const { rows, columns } = await cleaner.clean(kind, records);
      return Array.from(
        { length: rows },
        (_, i) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, inOneForm(name, values[i])])) as Row,
      );
    },
    async readValues(records) {
      const file = writeRawLines(records);
      return (await duckdb.rows(`${rawLinesOver(file)} SELECT v::VARCHAR AS text FROM raw_lines ORDER BY o`)).map(
        ({ text }) => text as string,
      );
    },
    close() {
      duckdb.close();
      cleaner.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** `WITH raw_lines AS (...)` over a file of raw lines, as the batch reads it. */
function rawLinesOver(file: string): string {
  return `WITH raw_lines AS (SELECT 'test' AS topic, * FROM read_json('${file}', format = 'newline_delimited', columns = {p: 'INTEGER', o: 'BIGINT', t: 'BIGINT', e: 'VARCHAR', r: 'VARCHAR', s: 'VARCHAR', v: 'JSON', b: 'VARCHAR', x: 'VARCHAR'}))`;
}

/** Records of one partition that hold the values, in order. */
export function recordsOf(values: readonly (Buffer | null)[], headers: LogRecord['headers'] = []): LogRecord[] {
  return values.map((value, offset) => ({
    topic: 'test',
    partition: 0,
    offset,
    appendTimeMs: 1_700_000_000_000 + offset,
    key: null,
    value,
    headers,
  }));
}

const lists = new Set(kinds.flatMap((kind) => cleanColumnsOf[kind].flatMap(({ name, duckdb }) => (duckdb.endsWith('[]') ? [name] : []))));

// The stream gives lists as JSON text and append times in milliseconds.
function inOneForm(name: string, value: unknown): unknown {
  if (lists.has(name) && typeof value === 'string') return JSON.parse(value);
  return name === 'append_time' ? (value as string).replace('Z', '000Z') : value;
}
