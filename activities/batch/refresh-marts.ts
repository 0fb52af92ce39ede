import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Progress } from '#activities/batch/progress.ts';
import type { RunStatements } from '#activities/batch/run-statements.ts';
import { effects } from '#activities/batch/run-statements.ts';
import { readNewestGeneration, readNewestOf } from '#activities/lake/generations.ts';
import type { LakeReader } from '#activities/lake/open-generation.ts';
import { openGeneration } from '#activities/lake/open-generation.ts';
import type { PublishDependencies } from '#activities/lake/publish.ts';
import { publish } from '#activities/lake/publish.ts';
import { identifier, literal, parquetList } from '#activities/lake/sql-text.ts';
import { withWorkFolder } from '#activities/lake/work-folder.ts';
import type { ChildStep } from '#adapters/duckdb/child.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { S3 } from '#adapters/s3.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { tableFolder } from '#domain/lake/tables.ts';
import type { Metric } from '#domain/metrics/metric.ts';

export type MartsResult = { outcome: 'refreshed' | 'unchanged' | 'current' | 'none'; generation?: number };

type Dependencies = PublishDependencies &
  LakeReader & {
    postgres: PublishDependencies['postgres'];
    s3: S3;
    home: string;
    metrics: readonly Metric[];
    codeVersion: string;
    runStatements: RunStatements;
    progress: Progress;
  };

type MartFile = { mart: Metric; path: string; rows: number; bytes: number; fingerprint: string; rowsKey: string };

/**
 * Computes every mart over the newest generation and publishes them: lake tables, and the same rows in Postgres, in the
 * transaction that writes the generation row. Nothing is computed while no interval was published since.
 */
export async function refreshMarts(dependencies: Dependencies, run: string): Promise<MartsResult> {
  const { postgres, codeVersion } = dependencies;
  const newest = await readNewestGeneration(postgres);
  const source = await readNewestOf(postgres, 'interval');
  if (newest === undefined || source === undefined) return { outcome: 'none' };
  const before = await readNewestOf(postgres, 'marts');
  if (before !== undefined && before.codeVersion === codeVersion && (before.basedOn ?? 0) >= source.id)
    return { outcome: 'current', generation: before.id };

  const files = await withWorkFolder(dependencies.home, (folder) => computeMarts(dependencies, newest.id, run, folder));
  const contentSha256 = createHash('sha256')
    .update(JSON.stringify(files.map(({ mart, fingerprint }) => [mart.name, fingerprint])))
    .digest('hex');
  const unchanged = before?.contentSha256 === contentSha256;
  const generation = await publish(dependencies, {
    run,
    cause: 'marts',
    codeVersion,
    contentSha256,
    basedOn: newest.id,
    counts: { records: 0, clean: 0, rejects: 0, duplicates: 0 },
    changes: unchanged ? [] : files.map(toChange),
    marts: unchanged ? [] : files.map(({ mart, rowsKey }) => ({ name: mart.name, rowsKey })),
  });
  await dependencies.s3.delete(files.map(({ rowsKey }) => rowsKey));
  return { outcome: unchanged ? 'unchanged' : 'refreshed', generation: generation.id };
}

async function computeMarts(
  { postgres, log, cache, s3, metrics, runStatements, progress }: Dependencies,
  generation: number,
  run: string,
  folder: string,
): Promise<MartFile[]> {
  const { views } = await openGeneration({ postgres, log, cache }, generation);
  const outputs = metrics.map((mart) => ({ mart, parquet: join(folder, `${mart.name}.parquet`), json: join(folder, `${mart.name}.json`) }));
  const steps = outputs.flatMap(({ mart, parquet, json }) => martSteps(mart, parquet, json));
  const results = await runStatements({ steps: [...effects(views), ...steps], folder, progress });
  // Of this attempt alone: another may have computed over another generation.
  const attempt = `${run}-${randomBytes(3).toString('hex')}`;
  const files: MartFile[] = [];
  for (const [i, { mart, parquet, json }] of outputs.entries()) {
    const [row] = results[i]!;
    const path = `${attempt}.parquet`;
    const rowsKey = `staging/marts/${attempt}/${mart.name}.json`;
    const rows = Number(row?.['rows']);
    const { bytes } = await s3.upload(parquet, `${tableFolder(mart.name)}/${path}`);
    if (rows === 0) await s3.put(rowsKey, Buffer.from('[]'));
    else await s3.upload(json, rowsKey);
    files.push({ mart, path, rows, bytes, rowsKey, fingerprint: JSON.stringify(row) });
  }
  return files;
}

/** The mart as Parquet, the same as a JSON list for Postgres, and a fingerprint of its rows. */
function martSteps({ columns, batchSql }: Metric, parquet: string, json: string): ChildStep[] {
  const typed = columns.map(({ name, duckdb }) => `${identifier(name)}::${duckdb} AS ${identifier(name)}`).join(', ');
  const names = columns.map(({ name }) => identifier(name)).join(', ');
  const statements = [
    `COPY (SELECT ${typed} FROM (${domainSql(batchSql)}\n) ORDER BY ALL NULLS LAST) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd)`,
    `COPY (SELECT * FROM ${parquetList([parquet])}) TO ${literal(json)} (FORMAT json, ARRAY true)`,
  ];
  const fingerprint = `SELECT count(*) AS rows, sum(hash(${names}))::VARCHAR AS sum FROM ${parquetList([parquet])}`;
  return [...effects(statements), { sql: fingerprint, returnRows: true }];
}

function toChange({ mart, path, bytes, rows }: MartFile): TableChange {
  return {
    table: mart.name,
    columns: mart.columns.map(({ name, delta }) => ({ name, delta })),
    partitioned: false,
    replaces: 'all',
    files: rows === 0 ? [] : [{ path, bytes, rows }],
  };
}
