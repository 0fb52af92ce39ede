import type { Column, DeltaType } from '#domain/kinds/columns.ts';

/**
 * The part of the Delta protocol that Pinflow writes and reads: PROTOCOL.md of delta-io/delta, reader version 1, writer
 * version 2. A commit is a file of JSON lines, an action a line, named by its version in 20 digits.
 */
export type CommitInfo = {
  timestamp: number;
  operation: string;
  engineInfo: string;
  run: string;
  interval?: string;
  abandons?: string;
  /** Files that were in the table before, and are not known well enough to be put back. */
  notPutBack?: string[];
  /** The columns of before are not known, so those that were there stay. */
  columnsNotPutBack?: true;
};
export type Protocol = { minReaderVersion: number; minWriterVersion: number };
export type MetaData = {
  id: string;
  format: { provider: 'parquet'; options: Record<string, string> };
  schemaString: string;
  partitionColumns: string[];
  configuration: Record<string, string>;
  createdTime: number;
};
export type AddFile = {
  /** Within the table's folder, URL-encoded. */
  path: string;
  partitionValues: Record<string, string | null>;
  size: number;
  modificationTime: number;
  dataChange: boolean;
  /** JSON text: numRecords, minValues, maxValues, nullCount. */
  stats?: string;
  tags?: Record<string, string>;
};
export type RemoveFile = { path: string; deletionTimestamp: number; dataChange: boolean };
export type Action =
  | { commitInfo: CommitInfo }
  | { protocol: Protocol }
  | { metaData: MetaData }
  | { add: AddFile }
  | { remove: RemoveFile };

/** A table at one version: what its log up to there says. `protocol` is absent in what was kept before it was. */
export type Snapshot = { version: number; protocol?: Protocol | undefined; metaData: MetaData | undefined; files: AddFile[] };

/** A table before its first commit. */
export const emptySnapshot: Snapshot = { version: -1, metaData: undefined, files: [] };

export const protocol: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

/** Path of a commit within the table's folder. */
export function commitPath(version: number): string {
  return `_delta_log/${String(version).padStart(20, '0')}.json`;
}

export function encodeCommit(actions: readonly Action[]): Buffer {
  return Buffer.from(actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
}

/** Reads a commit; actions that Pinflow does not know (checkpoints' and other engines') are left out. */
export function parseCommit(bytes: Uint8Array): Action[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Action);
}

/** Run that a commit belongs to; undefined for commits of other engines. */
export function runOfCommit(actions: readonly Action[]): string | undefined {
  for (const action of actions) if ('commitInfo' in action) return action.commitInfo.run;
  return undefined;
}

/** Applies the next commit to a snapshot. */
export function applyCommit(snapshot: Snapshot, actions: readonly Action[]): Snapshot {
  const files = new Map(snapshot.files.map((file) => [file.path, file]));
  let { metaData, protocol: needed } = snapshot;
  for (const action of actions) {
    if ('protocol' in action) needed = action.protocol;
    if ('metaData' in action) metaData = action.metaData;
    if ('remove' in action) files.delete(action.remove.path);
    if ('add' in action) files.set(action.add.path, action.add);
  }
  return { version: snapshot.version + 1, ...(needed === undefined ? {} : { protocol: needed }), metaData, files: [...files.values()] };
}

/** The schema of a table as Delta writes it down. Every column is nullable: that is all that Parquet promises. */
export function schemaString(columns: readonly Pick<Column, 'name' | 'delta'>[], partitionColumns: readonly string[]): string {
  const fields = columns.map(({ name, delta }) => ({ name, type: typeOf(delta), nullable: true, metadata: {} }));
  const partitions = partitionColumns.map((name) => ({ name, type: 'date', nullable: true, metadata: {} }));
  return JSON.stringify({ type: 'struct', fields: [...fields, ...partitions] });
}

function typeOf(delta: DeltaType): unknown {
  const element = /^array<(.*)>$/.exec(delta)?.[1];
  return element === undefined ? delta : { type: 'array', elementType: element, containsNull: true };
}
