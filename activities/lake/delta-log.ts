import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LakeCache } from '#activities/lake/lake-cache.ts';
import { fetchAll } from '#activities/lake/lake-cache.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import type { Action, Snapshot } from '#domain/lake/delta.ts';
import { applyCommit, commitPath, emptySnapshot, encodeCommit, parseCommit, runOfCommit } from '#domain/lake/delta.ts';
import type { Publisher, TableChange } from '#domain/lake/publish-plan.ts';
import { planTableCommit } from '#domain/lake/publish-plan.ts';
import { tableFolder } from '#domain/lake/tables.ts';

/** The logs of the lake's tables. */
export type DeltaLog = {
  /** A table at a version; -1 is before its first commit. */
  readSnapshot(table: string, version: number): Promise<Snapshot>;
  /**
   * Commits a change of a table, once: if the publisher's commit is there already, that is its version.
   * @param base version that the newest generation names.
   * @returns the table's version afterwards; `base` where there was nothing to change.
   */
  commit(change: TableChange, publisher: Publisher, base: number): Promise<number>;
};

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
    const files = await fetchAll(
      cache,
      versions.map((one) => `${tableFolder(table)}/${commitPath(one)}`),
    );
    let snapshot = base;
    for (const file of files) snapshot = applyCommit(snapshot, parseCommit(await readFile(file)));
    if (versions.length >= commitsPerSnapshot) await storeSnapshot(cache, table, snapshot);
    if (known === undefined || known.version < version) recent.set(table, snapshot);
    return snapshot;
  };

  return {
    readSnapshot,
    async commit(change, publisher, base) {
      const { table } = change;
      const tableId = randomUUID();
      let snapshot = await readSnapshot(table, base);
      for (;;) {
        const actions = planTableCommit(snapshot, change, publisher, Date.now(), tableId);
        if (actions === undefined) return snapshot.version;
        const version = snapshot.version + 1;
        const key = `${tableFolder(table)}/${commitPath(version)}`;
        if ((await s3.putIfAbsent(key, encodeCommit(actions))) === 'created') return version;
        const other = parseCommit(await s3.get(key));
        if (runOfCommit(other) === publisher.run) return version;
        assertSameLake(table, base, other);
        // Another engine took the version: decide again over what it left.
        snapshot = applyCommit(snapshot, other);
      }
    },
  };
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
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
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
  return JSON.parse(await readFile(join(folder, `${best}.json`), 'utf8')) as Snapshot;
}

async function storeSnapshot(cache: LakeCache, table: string, snapshot: Snapshot): Promise<void> {
  const folder = snapshotFolder(cache, table);
  await mkdir(folder, { recursive: true });
  const aside = join(folder, `${randomUUID()}.part`);
  await writeFile(aside, JSON.stringify(snapshot));
  await rename(aside, join(folder, `${snapshot.version}.json`));
}
