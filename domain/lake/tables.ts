import { rejectColumns } from '#domain/clean/reject-columns.ts';
import { compactTime } from '#domain/intervals.ts';
import type { Column } from '#domain/kinds/columns.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { cleanColumnsOf, kindDefinitions } from '#domain/kinds/list.ts';
import type { LakeTable } from '#domain/names.ts';

/**
 * What a lake table's files look like. `dt` is the partition column: the UTC date of the interval's start. It stands in
 * the path and in the log, not in the Parquet file.
 */
export type LakeTableShape = {
  columns: readonly Column[];
  partitioned: boolean;
  /** ORDER BY of a file: makes it reproducible, and its row groups' ranges narrow. Ends in what is unique. */
  sortedBy: readonly string[];
};

export const lakeTableShapes = Object.fromEntries<LakeTableShape>([
  ...kindDefinitions.map(({ name, lakeTable, sortedBy }): [LakeTable, LakeTableShape] => [
    lakeTable,
    { columns: cleanColumnsOf[name], partitioned: true, sortedBy },
  ]),
  ['rejects', { columns: rejectColumns, partitioned: true, sortedBy: ['kind', 'topic', 'partition', 'offset'] }],
]) as Readonly<Record<LakeTable, LakeTableShape>>;

export const partitionColumn = 'dt';

/** Kind of a clean table; undefined for the others. */
export function kindOfTable(table: string): Kind | undefined {
  return kindDefinitions.find(({ lakeTable }) => lakeTable === table)?.name;
}

/** Folder of a table in the bucket. */
export function tableFolder(table: string): string {
  return `lake/${table}`;
}

/**
 * Path within the table's folder of the file that an attempt of a run wrote. Attempts have names of their own: the log
 * holds a file's size, and an attempt that was given up may still write after another's file was published.
 */
export function intervalFilePath(start: string, run: string, attempt: string): string {
  return `${partitionColumn}=${partitionDate(start)}/${compactTime(start)}-${run}-${attempt}.parquet`;
}

/** Value of the partition column for an interval. */
export function partitionDate(start: string): string {
  return start.slice(0, 10);
}

/** What a run keeps aside until it is published. */
export function stagingFolder(start: string, run: string): string {
  return `staging/${compactTime(start)}/${run}`;
}
