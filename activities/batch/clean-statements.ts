import { effects } from '#activities/batch/run-statements.ts';
import type { ChildStep } from '#adapters/duckdb/child.ts';
import { cleaningMacros, domainSql } from '#adapters/duckdb/sql-files.ts';
import { cleanFiles } from '#domain/clean/clean-files.ts';
import { kindSqlOf } from '#domain/kinds/list.ts';
import type { RawSlice } from '#domain/lake/batch-plan.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { literal, parquetList } from '#domain/sql-text.ts';

/** Files of one kind of a part: raw objects in, two Parquet files out. */
export type CleanFiles = { slices: readonly RawSlice[]; rawFiles: readonly string[]; clean: string; rejects: string };

/** Members of a raw line (domain/raw-line.ts) that cleaning reads. */
const lineColumns = `{p: 'INTEGER', o: 'BIGINT', t: 'BIGINT', e: 'VARCHAR', r: 'VARCHAR', s: 'VARCHAR', v: 'JSON', b: 'VARCHAR', x: 'VARCHAR'}`;

/** Run once before those of the kinds. */
export function macroStep(): ChildStep {
  return { sql: cleaningMacros() };
}

/**
 * Steps that clean the slices of one kind. The rows stream from the raw lines into a Parquet file that also says
 * which are rejects; whatever is asked afterwards is asked of that file, and lines are read again only for rejects.
 * The last one returns counts per partition: partition, records, rejects.
 */
export function cleanStatements(kind: Kind, { slices, rawFiles, clean, rejects }: CleanFiles): ChildStep[] {
  const topic = slices[0]!.topic;
  const statements = [
    `CREATE OR REPLACE TEMP VIEW raw_lines AS
     SELECT ${literal(topic)} AS topic, p, o, t, e, r, s, v, b, x
     FROM read_json([${rawFiles.map(literal).join(', ')}], columns = ${lineColumns}, format = 'newline_delimited', compression = 'zstd')
     WHERE ${offsetFilter(slices)}`,
    `CREATE OR REPLACE TEMP VIEW records AS ${domainSql(cleanFiles.fromRawLines)}`,
    `COPY (${domainSql(kindSqlOf[kind].clean)}) TO ${literal(clean)} (FORMAT parquet, COMPRESSION snappy)`,
    `CREATE OR REPLACE TEMP TABLE cleaned AS SELECT * FROM ${parquetList([clean])} WHERE reject IS NOT NULL`,
    `CREATE OR REPLACE TEMP TABLE kind_name AS SELECT ${literal(kind)} AS kind`,
    `COPY (${domainSql(cleanFiles.rejects)}) TO ${literal(rejects)} (FORMAT parquet, COMPRESSION snappy)`,
  ];
  const counts = `SELECT partition, count(*) AS records, count(reject) AS rejects FROM ${parquetList([clean])} GROUP BY partition ORDER BY partition`;
  return [...effects(statements), { sql: counts, returnRows: true }];
}

/** Lines of the slices only: an object at a cut belongs to two intervals. Slices of a partition follow each other. */
function offsetFilter(slices: readonly RawSlice[]): string {
  const ranges = new Map<number, { from: number; to: number }>();
  for (const { partition, from, to } of slices) {
    const range = ranges.get(partition);
    ranges.set(partition, range === undefined ? { from, to } : { from: Math.min(range.from, from), to: Math.max(range.to, to) });
  }
  return [...ranges].map(([partition, { from, to }]) => `(p = ${partition} AND o >= ${from} AND o < ${to})`).join(' OR ');
}
