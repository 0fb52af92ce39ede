import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LakeCache } from '#activities/lake/lake-cache.ts';
import { isMissing, noteUse } from '#activities/lake/lake-cache.ts';
import type { Beyond, Released, TableReads } from '#activities/lake/plan-taking-back.ts';
import { planTakingBack } from '#activities/lake/plan-taking-back.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import type { Action, Snapshot } from '#domain/lake/delta.ts';
import { applyCommit, commitPath, emptySnapshot, encodeCommit, parseCommit, runOfCommit } from '#domain/lake/delta.ts';
import type { NotPutBack } from '#domain/lake/plan-reversal.ts';
import { notPutBackBy } from '#domain/lake/plan-reversal.ts';
import type { Publisher, TableChange } from '#domain/lake/publish-plan.ts';
import { commitProblem, planTableCommit } from '#domain/lake/publish-plan.ts';
import { tableFolder } from '#domain/lake/tables.ts';

/** The logs of the lake's tables. */
export type DeltaLog = {
  /** A table at a version; -1 is before its first commit. */
  readSnapshot(table: string, version: number): Promise<Snapshot>;
  /**
   * Whether a change could be committed now.
   * @throws Failure `missing` where the log does not reach the base version, `configuration` where the table is of another
   *   lake, or what the change wants does not go with what is there.
   */
  assertCanCommit(change: TableChange, base: number): Promise<void>;
  /**
   * Commits a change of a table, once: if the publisher's commit is there already, that is its version.
   * @param base version that the newest generation names.
   * @param assertHeld rejects where the lake's lock is lost: asked before going on over what another one committed.
   * @returns the table's version afterwards; `base` where there was nothing to change.
   */
  commit(change: TableChange, publisher: Publisher, base: number, assertHeld?: AssertHeld): Promise<number>;
  /**
   * Takes back what a run that was let go has committed of a change, once, or takes the version that it would commit. Where
   * the table before it cannot be read any more, its own commit says what to take back.
   */
  restore(change: TableChange, released: Released, base: number, assertHeld?: AssertHeld): Promise<Restored>;
  /** Version of a run's commit beyond `base`; null where there is none. */
  findCommit(table: string, run: string, base: number): Promise<number | null>;
};

type AssertHeld = () => Promise<unknown>;
/** The table's version afterwards, that of the run's commit where there was one, and what it replaced and nobody knows any more. */
export type Restored = { version: number; committed: number | null } & NotPutBack;

/** Commits replayed since the last local snapshot that make a new one worth its while. */
const commitsPerSnapshot = 20;

/** Makes the logs' reader and writer. Replays are kept: in memory the last of each table, on disk one in some commits. */
export function makeDeltaLog(s3: S3, cache: LakeCache): DeltaLog {
  const recent = new Map<string, Snapshot>();

  const readSnapshot = async (table: string, version: number): Promise<Snapshot> => {
    const known = recent.get(table);
    const base = known !== undefined && known.version <= version ? known : await readStoredSnapshot(cache, table, version);
    if (base.version === version) return base;
    const versions = Array.from({ length: version - base.version }, (_, i) => base.version + 1 + i);
    const commits = await cache.read(versions.map((one) => `${tableFolder(table)}/${commitPath(one)}`));
    let snapshot = base;
    for (const [i, commit] of commits.entries()) snapshot = applyCommit(snapshot, parse(table, versions[i]!, commit));
    if (versions.length >= commitsPerSnapshot) await storeSnapshot(cache, table, snapshot);
    if (known === undefined || known.version < version) recent.set(table, snapshot);
    return snapshot;
  };

  /** Commits beyond a version, as far as they go. */
  const readBeyond = async (table: string, base: number): Promise<Beyond[]> => {
    const found: Beyond[] = [];
    for (let version = base + 1; ; version++) {
      const bytes = await s3.get(keyOf(table, version)).catch(absentIfMissing);
      if (bytes === undefined) return found;
      found.push({ version, bytes });
    }
  };

  const readsOf = (table: string): TableReads => ({
    snapshot: (version) => readSnapshot(table, version),
    commit: async (version) => parse(table, version, (await cache.read([keyOf(table, version)]))[0]!),
    parse: (version, bytes) => parse(table, version, bytes),
  });

  return {
    readSnapshot,
    async assertCanCommit(change, base) {
      const { table } = change;
      let snapshot = await readSnapshot(table, base);
      for (const { version, bytes } of await readBeyond(table, base)) {
        const other = parse(table, version, bytes);
        assertSameLake(table, base, other);
        snapshot = applyCommit(snapshot, other);
      }
      const problem = commitProblem(snapshot, change);
      if (problem !== undefined) throw new Failure('configuration', problem);
    },
    async commit(change, publisher, base, assertHeld) {
      const { table } = change;
      const tableId = randomUUID();
      let snapshot = await readSnapshot(table, base);
      for (;;) {
        const actions = planTableCommit(snapshot, change, publisher, Date.now(), tableId);
        if (actions === undefined) return snapshot.version;
        const version = snapshot.version + 1;
        if ((await s3.putIfAbsent(keyOf(table, version), encodeCommit(actions))) === 'created') return version;
        const other = parse(table, version, await s3.get(keyOf(table, version)));
        if (runOfCommit(other) === publisher.run) return version;
        assertSameLake(table, base, other);
        // Another engine took the version, or we hold the lock no more and this is our own end: decide again over what it left.
        await assertHeld?.();
        snapshot = applyCommit(snapshot, other);
      }
    },
    async restore(change, released, base, assertHeld) {
      const { table } = change;
      for (;;) {
        const beyond = await readBeyond(table, base);
        const committed = beyond.find(({ bytes }) => runIn(bytes) === released.run)?.version ?? null;
        const done = beyond.find(({ bytes }) => runIn(bytes) === released.abandonment);
        if (done !== undefined) return { version: done.version, committed, ...notPutBackBy(parseCommit(done.bytes)) };
        const version = base + 1 + beyond.length;
        const actions = await planTakingBack(readsOf(table), change, released, { base, beyond, committed });
        if ((await s3.putIfAbsent(keyOf(table, version), encodeCommit(actions))) === 'created')
          return { version, committed, ...notPutBackBy(actions) };
        // Somebody was faster, and it may have been the run itself.
        await assertHeld?.();
      }
    },
    async findCommit(table, run, base) {
      return (await readBeyond(table, base)).find(({ bytes }) => runIn(bytes) === run)?.version ?? null;
    },
  };
}

function keyOf(table: string, version: number): string {
  return `${tableFolder(table)}/${commitPath(version)}`;
}

/** @throws Failure `configuration` where it is no commit: somebody else writes into the table's log. */
function parse(table: string, version: number, bytes: Uint8Array): Action[] {
  try {
    return parseCommit(bytes);
  } catch (error) {
    throw new Failure(
      'configuration',
      `${keyOf(table, version)} is no commit of a Delta table: find out who wrote it, and remove it where no generation names that version.`,
      { cause: error },
    );
  }
}

function absentIfMissing(error: unknown): undefined {
  if (error instanceof Failure && error.kind === 'missing') return undefined;
  throw error;
}

/** Run of a commit; undefined where it is of another engine, whose commits may hold anything. */
function runIn(bytes: Buffer): string | undefined {
  try {
    return runOfCommit(parseCommit(bytes));
  } catch {
    return undefined;
  }
}

/** The ledger says that there is no table, yet it is there: two lakes in one bucket would run into each other. */
function assertSameLake(table: string, base: number, other: readonly Action[]): void {
  if (base >= 0) return;
  throw new Failure(
    'configuration',
    `Lake table ${table} exists, written by run ${runOfCommit(other) ?? '(another engine)'}, but this database's ledger does not know it: use another S3_BUCKET, or the database that belongs to the bucket.`,
  );
}

function snapshotFolder(cache: LakeCache, table: string): string {
  return join(cache.folder, tableFolder(table), '_snapshots');
}

/** The newest local snapshot that is not beyond a version. */
async function readStoredSnapshot(cache: LakeCache, table: string, version: number): Promise<Snapshot> {
  const folder = snapshotFolder(cache, table);
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const best = Math.max(
    -1,
    ...names
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .filter((one) => one <= version),
  );
  if (best < 0) return emptySnapshot;
  const file = join(folder, `${best}.json`);
  try {
    await noteUse(file, await stat(file));
    return JSON.parse(await readFile(file, 'utf8')) as Snapshot;
  } catch (error) {
    // Removed in between, as any part of the cache may be: the log itself has it all.
    if (isMissing(error)) return emptySnapshot;
    throw error;
  }
}

async function storeSnapshot(cache: LakeCache, table: string, snapshot: Snapshot): Promise<void> {
  const folder = snapshotFolder(cache, table);
  await mkdir(folder, { recursive: true });
  const aside = join(folder, `${randomUUID()}.part`);
  await writeFile(aside, JSON.stringify(snapshot));
  await rename(aside, join(folder, `${snapshot.version}.json`));
}
