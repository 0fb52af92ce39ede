import type { Column } from '#domain/clean/kinds.ts';
import type { Action, AddFile, Snapshot } from '#domain/lake/delta.ts';
import { protocol, schemaString } from '#domain/lake/delta.ts';
import { partitionColumn } from '#domain/lake/tables.ts';

/** A file that is in the bucket already and becomes part of a table with the publish. */
export type NewFile = { path: string; bytes: number; rows: number; partitionDate?: string };

/** What a publish wants of one table. */
export type TableChange = {
  table: string;
  columns: readonly Pick<Column, 'name' | 'delta'>[];
  partitioned: boolean;
  files: readonly NewFile[];
  /** Files that the new ones take the place of: those that any run of the interval added, or all. */
  replaces: 'interval' | 'all';
};

/** Who commits; `interval` is its start, absent where marts are published. */
export type Publisher = { run: string; interval?: string };

/**
 * Decides a table's next commit: creates the table where it is not there, writes down a changed schema, removes what is
 * replaced and adds the new files.
 * @param tableId id of the table, should it be created.
 * @returns undefined where the table stays as it is.
 */
export function planTableCommit(
  snapshot: Snapshot,
  change: TableChange,
  { run, interval }: Publisher,
  nowMs: number,
  tableId: string,
): Action[] | undefined {
  const partitionColumns = change.partitioned ? [partitionColumn] : [];
  const schema = schemaString(change.columns, partitionColumns);
  const actions: Action[] = [];
  if (snapshot.version < 0) actions.push({ protocol });
  if (snapshot.metaData?.schemaString !== schema) {
    const { id = tableId, createdTime = nowMs } = snapshot.metaData ?? {};
    actions.push({
      metaData: {
        id,
        format: { provider: 'parquet', options: {} },
        schemaString: schema,
        partitionColumns,
        configuration: {},
        createdTime,
      },
    });
  }
  for (const file of snapshot.files)
    if (isReplaced(file, change, interval)) actions.push({ remove: { path: file.path, deletionTimestamp: nowMs, dataChange: true } });
  const tags = interval === undefined ? { run } : { interval, run };
  for (const { path, bytes, rows, partitionDate } of change.files) {
    const partitionValues: AddFile['partitionValues'] = partitionDate === undefined ? {} : { [partitionColumn]: partitionDate };
    actions.push({
      add: {
        path,
        partitionValues,
        size: bytes,
        modificationTime: nowMs,
        dataChange: true,
        stats: JSON.stringify({ numRecords: rows }),
        tags,
      },
    });
  }
  if (actions.length === 0) return undefined;
  const operation = snapshot.version < 0 ? 'CREATE TABLE' : 'WRITE';
  return [
    { commitInfo: { timestamp: nowMs, operation, engineInfo: 'Pinflow', run, ...(interval === undefined ? {} : { interval }) } },
    ...actions,
  ];
}

function isReplaced({ tags }: AddFile, { replaces }: TableChange, interval: string | undefined): boolean {
  return replaces === 'all' || (interval !== undefined && tags?.['interval'] === interval);
}
