import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readPlan, stagingKeys } from '#activities/batch/plan-interval.ts';
import type { RunRef } from '#activities/ledger/interval-ledger.ts';
import type { Progress } from '#activities/batch/progress.ts';
import type { RunStatements } from '#activities/batch/run-statements.ts';
import { effects } from '#activities/batch/run-statements.ts';
import { withWorkFolder } from '#activities/lake/work-folder.ts';
import { identifier, literal, parquetList } from '#domain/sql-text.ts';
import type { ChildStep } from '#adapters/duckdb/child.ts';
import type { Row } from '#adapters/duckdb/connection.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { S3 } from '#adapters/s3.ts';
import { cleanFiles } from '#domain/clean/clean-files.ts';
import { kindSqlOf } from '#domain/kinds/list.ts';
import type { BatchPlan } from '#domain/lake/batch-plan.ts';
import { intervalFilePath, kindOfTable, lakeTableShapes, tableFolder } from '#domain/lake/tables.ts';
import type { LakeTable } from '#domain/names.ts';

export type WinnersRef = RunRef & { planKey: string; tables: LakeTable[] };

/** One table's file of a run. Without rows there is no file, and `path` only says where it would be. */
export type TableFile = { table: LakeTable; path: string; rows: number; bytes: number; fingerprint: string };

type Dependencies = { s3: S3; home: string; runStatements: RunStatements; progress: Progress };

/**
 * Writes the interval's one file of each table: of a clean table the latest record per identity over all parts, of the
 * rejects all. Names hold the run, so nothing is ever overwritten by another content.
 */
export async function selectWinners({ s3, home, runStatements, progress }: Dependencies, ref: WinnersRef): Promise<TableFile[]> {
  const plan = await readPlan(s3, ref.planKey);
  const path = intervalFilePath(ref.start, ref.run, randomBytes(3).toString('hex'));
  return withWorkFolder(home, async (folder) => {
    const tables = ref.tables
      .map((table) => ({ table, keys: stagedKeys(plan, ref, table), output: join(folder, `${table}.parquet`) }))
      .filter(({ keys }) => keys.length > 0);
    const work: { table: LakeTable; output: string; steps: ChildStep[] }[] = [];
    for (const { table, keys, output } of tables) {
      const inputs = await fetchStaged(s3, keys, join(folder, table), progress);
      work.push({ table, output, steps: tableSteps(table, inputs, output) });
    }
    const results = work.length === 0 ? [] : await runStatements({ steps: work.flatMap(({ steps }) => steps), folder, progress });
    const files = new Map<LakeTable, TableFile>();
    for (const [i, { table, output }] of work.entries()) {
      const [row] = results[i]!;
      const rows = Number(row?.['rows']);
      const { bytes } = rows === 0 ? { bytes: 0 } : await s3.upload(output, `${tableFolder(table)}/${path}`);
      files.set(table, { table, path, rows, bytes, fingerprint: fingerprintOf(row) });
    }
    return ref.tables.map((table) => files.get(table) ?? { table, path, rows: 0, bytes: 0, fingerprint: fingerprintOf(undefined) });
  });
}

/**
 * Steps that make one table's file; the last one returns rows and what the fingerprint is made of. Keys first: only
 * identities and order enter the aggregate, the wide rows follow by a semi-join.
 */
function tableSteps(table: LakeTable, inputs: readonly string[], output: string): ChildStep[] {
  const kind = kindOfTable(table);
  const { columns, sortedBy } = lakeTableShapes[table];
  const typed = columns.map(({ name, duckdb }) => `${identifier(name)}::${duckdb} AS ${identifier(name)}`).join(', ');
  const order = sortedBy.map((name) => `${identifier(name)} NULLS LAST`).join(', ');
  const write = (from: string): string =>
    `COPY (SELECT ${typed} FROM ${from} ORDER BY ${order}) TO ${literal(output)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`;
  // Order-independent: the same rows give the same sum and bits, however they were batched.
  const hash = `hash(${columns.map(({ name }) => identifier(name)).join(', ')})`;
  const fingerprint: ChildStep = {
    returnRows: true,
    sql: `SELECT count(*) AS rows, sum(${hash})::VARCHAR AS sum, bit_xor(${hash})::VARCHAR AS bits FROM ${parquetList([output])}`,
  };
  if (kind === undefined) return [{ sql: write(parquetList(inputs)) }, fingerprint];
  return [
    ...effects([
      `CREATE OR REPLACE TEMP VIEW cleaned AS SELECT * FROM ${parquetList(inputs)}`,
      `CREATE OR REPLACE TEMP VIEW keyed AS ${domainSql(kindSqlOf[kind].keys)}`,
      `CREATE OR REPLACE TEMP TABLE winners AS ${domainSql(cleanFiles.latestPerIdentity)}`,
      write(
        `(SELECT * FROM cleaned SEMI JOIN winners ON winners.partition = cleaned.partition AND winners."offset" = cleaned."offset" WHERE reject IS NULL)`,
      ),
    ]),
    fingerprint,
  ];
}

async function fetchStaged(s3: S3, keys: readonly string[], stem: string, progress: Progress): Promise<string[]> {
  const files: string[] = [];
  for (const [i, key] of keys.entries()) {
    const file = `${stem}-${i}-part.parquet`;
    await s3.download(key, file);
    progress.beat({ downloadedFiles: i + 1, ofFiles: keys.length });
    files.push(file);
  }
  return files;
}

function stagedKeys({ parts }: BatchPlan, run: RunRef, table: LakeTable): string[] {
  const kind = kindOfTable(table);
  return parts.flatMap(({ index, slices }) =>
    slices
      .filter((group) => kind === undefined || group.kind === kind)
      .map((group) => stagingKeys(run, index, group.kind)[kind === undefined ? 'rejects' : 'clean']),
  );
}

/** A file without rows and no file are the same content. */
function fingerprintOf(row: Row | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify(row ?? { rows: 0, sum: null, bits: null }))
    .digest('hex');
}
