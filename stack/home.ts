import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { stackEnvironmentFile } from '#adapters/config.ts';
import { ensurePrivateFolder, homeMark } from '#adapters/private-folder.ts';
import { Failure } from '#domain/failures.ts';
import type { Holder } from '#adapters/lock-file.mjs';
import { tryLock } from '#adapters/lock-file.mjs';

/** The folder in which one stack keeps its state, its keys, its ports and its logs. */
export type Home = {
  path: string;
  /** It held something before Pinflow used it, and others may enter it: it was left so. */
  isOpenToOthers: boolean;
  /** Path of something below the home. */
  at(...names: string[]): string;
  /** Processes that run in it, so that all of them can be killed whatever else is going on. */
  running: Set<{ kill(): void }>;
  /** Removes all state; what was chosen (ports) stays. */
  empty(): void;
  /** Gives the home up to the next stack. */
  close(): void;
};

const FREE_BYTES_MIN = 1_000_000_000;
const folders = ['logs', 'run', 'marks', 'config', 'tmp'];
const kept = new Set(['ports.json', 'stack.lock', homeMark]);

/**
 * Takes a home for this process.
 * @throws Failure `configuration` when a stack runs in it already.
 */
export function openHome(path: string): Home {
  const home = openHomeUnlessTaken(path);
  if ('pid' in home) {
    throw new Failure(
      'configuration',
      `Pinflow already runs in ${resolve(path)} (process ${home.pid}). Look at it with 'npx pinflow status', end it with 'npx pinflow stop', or start another one with 'npm start -- --home DIR'.`,
    );
  }
  return home;
}

/** Takes a home for this process, or names the process whose home it is. */
export function openHomeUnlessTaken(path: string): Home | Holder {
  const folder = resolve(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const isNew = readdirSync(folder).length === 0;
  const lock = tryLock(join(folder, 'stack.lock'));
  if (lock.holder !== undefined) return lock.holder;
  if (isNew) writeFileSync(join(folder, homeMark), 'The state of a Pinflow stack; `npm start -- --fresh` empties this folder.\n');
  // Not before it is ours: Postgres of a running stack may be another user, who was let in.
  const isOpenToOthers = ensurePrivateFolder(folder);
  const at = (...names: string[]): string => join(folder, ...names);
  for (const name of folders) mkdirSync(at(name), { recursive: true });
  return {
    path: folder,
    isOpenToOthers,
    at,
    running: new Set(),
    empty() {
      if (!existsSync(join(folder, homeMark)) && basename(folder) !== '.pinflow') {
        throw new Failure(
          'configuration',
          `${folder} held something before Pinflow used it, so --fresh does not empty it: remove by hand what is not needed, or choose an empty folder.`,
        );
      }
      for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(at(name), { recursive: true, force: true });
      for (const name of folders) mkdirSync(at(name), { recursive: true });
    },
    close() {
      rmSync(at(stackEnvironmentFile), { force: true });
      lock.release();
    },
  };
}

/**
 * Refuses to start on a disk that is about to be full: half-written state costs more than a late start.
 * @throws Failure `exhausted`.
 */
export function assertFreeDisk(home: Home, freeBytesMin = FREE_BYTES_MIN): void {
  const disk = statfsSync(home.path);
  const free = disk.bavail * disk.bsize;
  if (free < freeBytesMin) {
    throw new Failure(
      'exhausted',
      `The disk of ${home.path} has ${Math.floor(free / 1e6)} MB free, and Pinflow wants ${Math.ceil(freeBytesMin / 1e6)} MB: make room, or put the home elsewhere with PINFLOW_HOME.`,
    );
  }
}

/** Passwords of the embedded servers, made once a home and readable by its owner only. */
export type Keys = { postgresPassword: string; postgresReaderPassword: string; s3AccessKeyId: string; s3SecretAccessKey: string };

/** The keys of this home; those that it lacks are made. */
export function keysOf(home: Home): Keys {
  const file = home.at('keys.json');
  const made: Keys = {
    postgresPassword: randomBytes(18).toString('hex'),
    postgresReaderPassword: randomBytes(18).toString('hex'),
    s3AccessKeyId: `pinflow${randomBytes(6).toString('hex')}`,
    s3SecretAccessKey: randomBytes(24).toString('hex'),
  };
  let found: Partial<Keys> = {};
  if (existsSync(file)) {
    try {
      found = JSON.parse(readFileSync(file, 'utf8')) as Partial<Keys>;
    } catch (error) {
      throw new Failure(
        'configuration',
        `${file} cannot be read, and the servers of this home open with its keys only: restore it, or begin anew with npm start -- --fresh.`,
        { cause: error },
      );
    }
  }
  // A home of an older version lacks the keys that came later.
  const keys = { ...made, ...found };
  if (Object.keys(keys).length === Object.keys(found).length) return keys;
  // Flushed and renamed: half a file would lock the home's servers for ever.
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return keys;
}

/** Runs `work` unless it was done in this home before; `mark` names it, with everything that it depends on. */
export async function onceInHome(home: Home, mark: string, work: () => Promise<void>): Promise<void> {
  const file = home.at('marks', mark.replaceAll(/[^A-Za-z0-9.-]+/g, '_'));
  if (existsSync(file)) return;
  await work();
  writeFileSync(file, `${mark}\n`);
}
