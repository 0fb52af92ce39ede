import type { DeltaLog } from '#activities/lake/delta-log.ts';
import type { Generation } from '#activities/lake/generations.ts';
import { readGeneration, readNewestGeneration } from '#activities/lake/generations.ts';
import type { LakeCache } from '#activities/lake/lake-cache.ts';
import { identifier, literal } from '#domain/sql-text.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Column } from '#domain/kinds/columns.ts';
import { cleanFiles } from '#domain/clean/clean-files.ts';
import { definitionOf, kinds } from '#domain/kinds/list.ts';
import { lakeTableShapes, tableFolder } from '#domain/lake/tables.ts';
import { marts } from '#domain/metrics/list.ts';
import { lakeTables } from '#domain/names.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** The lake at one generation, ready for a DuckDB connection that sees local files only. */
export type OpenLake = {
  generation: Generation | undefined;
  /** CREATE statements, to be run in this order. */
  views: string[];
  /** The local files that the views read. */
  files: string[];
};

export type LakeReader = { postgres: Statements; log: DeltaLog; cache: LakeCache };

/**
 * Opens the newest generation, or a given one: follows each table's log to the version that the generation names, brings
 * the files of that version into a folder of the caller's, where they stay for as long as it does, and says how to see
 * them. `pins`, `geo` and `users` hold one row per identity over all intervals; before the first publish all views are there and empty.
 */
export async function openGeneration({ postgres, log, cache }: LakeReader, folder: string, generationId?: number): Promise<OpenLake> {
  const generation = generationId === undefined ? await readNewestGeneration(postgres) : await readGeneration(postgres, generationId);
  const views = ['CREATE SCHEMA lake'];
  const files: string[] = [];
  const add = async (table: string, name: string, columns: readonly Column[]): Promise<void> => {
    const local = await tableFiles({ log, cache }, folder, table, generation?.versions[table] ?? -1);
    files.push(...local);
    views.push(`CREATE VIEW ${name} AS ${relation(columns, local)}`);
  };
  for (const table of lakeTables) await add(table, `lake.${identifier(table)}`, lakeTableShapes[table].columns);
  for (const { name, columns } of marts) await add(name, identifier(name), columns);
  for (const kind of kinds) views.push(`CREATE VIEW ${identifier(definitionOf[kind].view)} AS ${latestRows(kind)}`);
  views.push(`CREATE VIEW rejects AS SELECT * FROM lake.rejects`);
  return { generation, views, files };
}

async function tableFiles(
  { log, cache }: Pick<LakeReader, 'log' | 'cache'>,
  folder: string,
  table: string,
  version: number,
): Promise<string[]> {
  const { files } = await log.readSnapshot(table, version);
  return cache.hold(
    files.map(({ path }) => `${tableFolder(table)}/${decodeURIComponent(path)}`),
    folder,
  );
}

/** Rows of a table's files. Files may be older than a column: then it is NULL in them. */
function relation(columns: readonly Column[], files: readonly string[]): string {
  const empty = `SELECT ${columns.map(({ name, duckdb }) => `NULL::${duckdb} AS ${identifier(name)}`).join(', ')} WHERE false`;
  if (files.length === 0) return empty;
  const names = columns.map(({ name }) => identifier(name)).join(', ');
  return `SELECT ${names} FROM (${empty} UNION ALL BY NAME SELECT * FROM read_parquet([${files.map(literal).join(', ')}], union_by_name = true))`;
}

/** One row per identity: the latest over all intervals. Coordinates are unique, as each kind has one topic. */
function latestRows(kind: Kind): string {
  const table = `lake.${identifier(definitionOf[kind].lakeTable)}`;
  return `WITH keyed AS (SELECT ${identifier(definitionOf[kind].identity)} AS identity, append_time, partition, "offset" FROM ${table}),
winners AS (${domainSql(cleanFiles.latestPerIdentity)}
)
SELECT * FROM ${table} AS rows SEMI JOIN winners ON winners.partition = rows.partition AND winners."offset" = rows."offset"`;
}
