import type { Action, AddFile, MetaData } from '#domain/lake/delta.ts';

/**
 * What commits that follow each other did to a table, taken together: the files that they brought and left there, and those
 * that were there before and are gone. It needs nothing but the commits themselves.
 */
export type NetChange = { brought: string[]; gone: string[]; wroteMetaData: boolean };

export function netChangeOf(commits: readonly (readonly Action[])[]): NetChange {
  const [brought, gone] = [new Set<string>(), new Set<string>()];
  let wroteMetaData = false;
  for (const action of commits.flat()) {
    if ('metaData' in action) wroteMetaData = true;
    if ('remove' in action && !brought.delete(action.remove.path)) gone.add(action.remove.path);
    if ('add' in action && !gone.delete(action.add.path)) brought.add(action.add.path);
  }
  return { brought: [...brought], gone: [...gone], wroteMetaData };
}

/** What is known of a table from before: how it described files that are gone, and its columns, where nothing can have changed them since. */
export type Earlier = { files: readonly AddFile[]; metaData: MetaData | undefined };

/**
 * The commit that takes a run's commit back, and all that was put on top of it, where the table before it cannot be read any
 * more. A file that is not known from before cannot be put back: the commit names it. Nor can columns that are not known: those
 * that are there stay, as older ones could hide some that files of today have, and the commit says so.
 */
export function planReversal(
  { run, abandonment }: { run: string; abandonment: string },
  change: NetChange,
  { files, metaData }: Earlier,
  nowMs: number,
): Action[] {
  const known = new Set(files.map(({ path }) => path));
  const notPutBack = change.gone.filter((path) => !known.has(path));
  const columnsNotPutBack = change.wroteMetaData && metaData === undefined;
  const lost = { ...(notPutBack.length === 0 ? {} : { notPutBack }), ...(columnsNotPutBack ? { columnsNotPutBack } : {}) };
  const info = { timestamp: nowMs, operation: 'RESTORE', engineInfo: 'Pinflow', run: abandonment, abandons: run };
  return [
    { commitInfo: { ...info, ...lost } },
    ...(change.wroteMetaData && metaData !== undefined ? [{ metaData }] : []),
    ...change.brought.map((path) => ({ remove: { path, deletionTimestamp: nowMs, dataChange: true } })),
    ...files.map((add) => ({ add })),
  ];
}

/** What a commit that takes others back could not put back: files, and the columns. */
export type NotPutBack = { notPutBack: string[]; columnsNotPutBack: boolean };

export function notPutBackBy(actions: readonly Action[]): NotPutBack {
  const info = actions.find((action) => 'commitInfo' in action)?.commitInfo;
  return { notPutBack: info?.notPutBack ?? [], columnsNotPutBack: info?.columnsNotPutBack ?? false };
}
