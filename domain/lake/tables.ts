import type { Column } from '#domain/clean/kinds.ts';
import { cleanKinds, rejectColumns } from '#domain/clean/kinds.ts';
import { compactTime } from '#domain/intervals.ts';
import type { LakeTable } from '#domain/names.ts';
import { cleanTableOf } from '#domain/names.ts';
import type { Kind } from '#domain/terms.ts';
import { kinds } from '#domain/terms.ts';

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

const sortedBy: Record<Kind, readonly string[]> = {
  pin: ['category', 'append_time', 'unique_id'],
  geo: ['timestamp', 'ind'],
  user: ['date_joined', 'ind'],
};

export const lakeTableShapes: Record<LakeTable, LakeTableShape> = {
  clean_pins: cleanShape('pin'),
  clean_geo: cleanShape('geo'),
  clean_users: cleanShape('user'),
  rejects: { columns: rejectColumns, partitioned: true, sortedBy: ['kind', 'topic', 'partition', 'offset'] },
};

export const partitionColumn = 'dt';

/** Kind of a clean table; undefined for the others. */
export function kindOfTable(table: string): Kind | undefined {
  return kinds.find((kind) => cleanTableOf[kind] === table);
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

function cleanShape(kind: Kind): LakeTableShape {
  return { columns: cleanKinds[kind].columns, partitioned: true, sortedBy: sortedBy[kind] };
}
