import type { Column } from '#domain/kinds/columns.ts';
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

/**
 * Why a change may not be committed on what a table is by now, as a sentence; undefined where it may. Readers of files
 * that stay would fail, or we would write what another engine asked us not to.
 */
export function commitProblem(snapshot: Snapshot, change: TableChange): string | undefined {
  const { table, columns, partitioned, replaces } = change;
  const { minReaderVersion, minWriterVersion } = snapshot.protocol ?? protocol;
  if (minReaderVersion > protocol.minReaderVersion || minWriterVersion > protocol.minWriterVersion)
    return `Another engine raised the protocol of lake table ${table} to reader ${minReaderVersion} and writer ${minWriterVersion}; Pinflow writes ${protocol.minReaderVersion} and ${protocol.minWriterVersion}. Restore the table, or build it again.`;
  if (snapshot.metaData === undefined) return undefined;
  const partitionColumns = partitioned ? [partitionColumn] : [];
  if (snapshot.metaData.partitionColumns.join() !== partitionColumns.join())
    return `Lake table ${table} is partitioned by (${snapshot.metaData.partitionColumns.join(', ')}), and the code wants (${partitionColumns.join(', ')}): build the table again.`;
  if (replaces === 'all') return undefined;
  const typesIn = (schema: string): Map<string, string> =>
    new Map(
      (JSON.parse(schema) as { fields: { name: string; type: unknown }[] }).fields.map(({ name, type }) => [name, JSON.stringify(type)]),
    );
  const there = typesIn(snapshot.metaData.schemaString);
  for (const [name, type] of typesIn(schemaString(columns, partitionColumns))) {
    const before = there.get(name);
    if (before !== undefined && before !== type)
      return `Column ${name} of lake table ${table} has type ${before}, and the code wants ${type}, which its files do not have: name the column anew, or build the table again.`;
  }
  return undefined;
}

/** What becomes of a table whose publish was let go: it holds again what it held before. */
export type Restoration = {
  /** The run that was let go, and what lets it go. */
  run: string;
  abandonment: string;
  /** The table before the run's commit; undefined where the run has committed nothing. */
  before: Snapshot | undefined;
  now: Snapshot;
};

/**
 * The commit that puts a table back as it was before a run's commit. Where there was none it changes nothing, and takes
 * the version that the run would have taken, so that a run that wakes up late finds it gone.
 * @param change what the run wanted: says how to create a table that is not there.
 */
export function planRestoration(
  { run, abandonment, before, now }: Restoration,
  change: TableChange,
  nowMs: number,
  tableId: string,
): Action[] {
  const actions: Action[] = [
    { commitInfo: { timestamp: nowMs, operation: 'RESTORE', engineInfo: 'Pinflow', run: abandonment, abandons: run } },
  ];
  if (now.version < 0) {
    const created = planTableCommit(now, { ...change, files: [] }, { run: abandonment }, nowMs, tableId) ?? [];
    actions.push(...created.filter((action) => !('commitInfo' in action)));
  }
  if (before === undefined) return actions;
  if (before.metaData !== undefined && before.metaData.schemaString !== now.metaData?.schemaString)
    actions.push({ metaData: before.metaData });
  const [was, is] = [new Set(before.files.map(({ path }) => path)), new Set(now.files.map(({ path }) => path))];
  for (const { path } of now.files) if (!was.has(path)) actions.push({ remove: { path, deletionTimestamp: nowMs, dataChange: true } });
  for (const file of before.files) if (!is.has(file.path)) actions.push({ add: file });
  return actions;
}

function isReplaced({ tags }: AddFile, { replaces }: TableChange, interval: string | undefined): boolean {
  return replaces === 'all' || (interval !== undefined && tags?.['interval'] === interval);
}
