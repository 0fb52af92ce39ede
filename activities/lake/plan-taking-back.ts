import { randomUUID } from 'node:crypto';
import { failureKindOf } from '#domain/failures.ts';
import type { Action, AddFile, Snapshot } from '#domain/lake/delta.ts';
import { applyCommit, emptySnapshot } from '#domain/lake/delta.ts';
import type { Earlier, NetChange } from '#domain/lake/plan-reversal.ts';
import { netChangeOf, planReversal } from '#domain/lake/plan-reversal.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { planRestoration } from '#domain/lake/publish-plan.ts';

/** What may be asked of a table. @throws Failure `missing` where a commit is lost, `configuration` where it is none. */
export type TableReads = {
  snapshot(version: number): Promise<Snapshot>;
  commit(version: number): Promise<Action[]>;
  parse(version: number, bytes: Uint8Array): Action[];
};

export type Beyond = { version: number; bytes: Buffer };
/** A table's log from the version on that the newest generation names, and the run's commit in it. */
export type TableLog = { base: number; beyond: readonly Beyond[]; committed: number | null };

/** A run that was let go, and the name of what lets it go, which its commits bear. */
export type Released = { run: string; abandonment: string };

/** Commits that are looked through at most: what an interval or a mart replaces was written not long before. */
const searchedMax = 1_000;

/**
 * The commit that takes back what a run has committed. Where that is nothing there is nothing to replay, so that a log that
 * cannot be read, which may be why the run is let go, does not keep it; where the table before it cannot be read any
 * more, the run's own commit says what to take back.
 * @throws Failure `configuration` where something beyond the generation is no commit: behind it the table would be lost.
 */
export async function planTakingBack(reads: TableReads, change: TableChange, released: Released, log: TableLog): Promise<Action[]> {
  const { base, beyond, committed } = log;
  // Whoever reads the table from now on reads these first.
  const commits = new Map(beyond.map(({ version, bytes }) => [version, reads.parse(version, bytes)]));
  if (committed === null) {
    const now = { ...emptySnapshot, version: base + beyond.length };
    return planRestoration({ ...released, before: undefined, now }, change, Date.now(), randomUUID());
  }
  const start = await reads.snapshot(base).catch(undefinedIfUnreadable);
  if (start === undefined) {
    const net = netChangeOf([...commits].filter(([version]) => version >= committed).map(([, actions]) => actions));
    const read = async (version: number): Promise<Action[] | undefined> =>
      commits.get(version) ?? (await reads.commit(version).catch(undefinedIfUnreadable));
    return planReversal(released, net, await findEarlier(read, committed - 1, net), Date.now());
  }
  let [before, now] = [start, start];
  for (const [version, actions] of commits) {
    now = applyCommit(now, actions);
    if (version < committed) before = now;
  }
  return planRestoration({ ...released, before, now }, change, Date.now(), randomUUID());
}

/**
 * Looks from a version backward for what the table said of files that are gone, and for the columns that it had: not beyond a
 * commit that cannot be read, which may have changed them. What is said of a file stays true, as its name is used once.
 */
async function findEarlier(
  read: (version: number) => Promise<Action[] | undefined>,
  newest: number,
  { gone, wroteMetaData }: NetChange,
): Promise<Earlier> {
  const wanted = new Set(gone);
  const files: AddFile[] = [];
  let metaData: Earlier['metaData'];
  let columnsWanted = wroteMetaData;
  for (let version = newest; version >= 0 && version > newest - searchedMax; version--) {
    if (wanted.size === 0 && !columnsWanted) break;
    const actions = await read(version);
    for (const action of actions ?? []) {
      if ('metaData' in action && columnsWanted) metaData = action.metaData;
      if ('add' in action && wanted.delete(action.add.path)) files.push(action.add);
    }
    if (actions === undefined || metaData !== undefined) columnsWanted = false;
  }
  return { files, metaData };
}

/** Of what is lost, and of what is no commit; an outage is waited for. */
function undefinedIfUnreadable(error: unknown): undefined {
  const kind = failureKindOf(error);
  if (kind === 'missing' || kind === 'configuration') return undefined;
  throw error;
}
