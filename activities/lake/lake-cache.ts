import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { copyFile, link, mkdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensurePrivateFolder } from '#adapters/private-folder.ts';
import type { S3 } from '#adapters/s3.ts';
import { inLanes } from '#domain/in-lanes.ts';

/**
 * Local copies of lake objects, shared by all processes of a home: names in the lake are immutable, so a copy never
 * grows old, and a rename makes it appear whole. A copy may be removed at any moment (trim-lake-cache.ts), so none is
 * handed out by its path in the cache.
 */
export type LakeCache = {
  folder: string;
  /** Contents of objects, in order. @throws Failure `missing`. */
  read(keys: readonly string[]): Promise<Buffer[]>;
  /**
   * Brings objects into a folder of the caller's, in order: they stay there for as long as it does, whatever becomes of
   * the cache. @throws Failure `missing`.
   */
  hold(keys: readonly string[], folder: string): Promise<string[]>;
};

/** A use is noted this seldom: noting it costs as much as finding the copy. */
const noteUseMs = 60_000;
const lanesMax = 16;
/** Times that a copy may be removed between being found and being used; only a cache that is far too small does it twice. */
const attemptsMax = 5;

export function makeLakeCache(s3: S3, home: string): LakeCache {
  const folder = join(home, 'cache', 'lake', s3.bucket);
  const underWay = new Map<string, Promise<string>>();

  const download = async (key: string): Promise<string> => {
    const file = join(folder, key);
    const found = await statOf(file);
    if (found !== undefined) {
      await noteUse(file, found);
      return file;
    }
    ensurePrivateFolder(home);
    await mkdir(dirname(file), { recursive: true });
    const aside = `${file}.${randomUUID()}.part`;
    try {
      await s3.download(key, aside);
      await rename(aside, file);
    } finally {
      await rm(aside, { force: true });
    }
    return file;
  };
  const fetch = (key: string): Promise<string> => {
    let fetching = underWay.get(key);
    if (fetching === undefined) {
      fetching = download(key).finally(() => underWay.delete(key));
      underWay.set(key, fetching);
    }
    return fetching;
  };
  /** Fetches an object and uses its copy at once; again where that was removed in between. */
  const use = async <Result>(key: string, work: (file: string) => Promise<Result>): Promise<Result> => {
    for (let attempt = 1; ; attempt++) {
      const file = await fetch(key);
      try {
        return await work(file);
      } catch (error) {
        if (!isMissing(error) || attempt === attemptsMax) throw error;
      }
    }
  };

  return {
    folder,
    read: (keys) => inLanes(keys, lanesMax, (key) => use(key, (file) => readFile(file))),
    async hold(keys, into) {
      const folders = new Set(keys.map((key) => dirname(join(into, key))));
      for (const one of folders) await mkdir(one, { recursive: true });
      return inLanes(keys, lanesMax, (key) => use(key, (file) => linkOrCopy(file, join(into, key))));
    },
  };
}

/** When a copy was used last stands in its time of modification: that of access is not kept everywhere. */
export async function noteUse(file: string, { mtimeMs }: Stats): Promise<void> {
  const now = new Date();
  if (now.getTime() - mtimeMs < noteUseMs) return;
  await utimes(file, now, now).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A second name for the same bytes; where the file system has none to give, the bytes again. */
async function linkOrCopy(file: string, name: string): Promise<string> {
  try {
    await link(file, name);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return name;
    if (!linkless.has(code)) throw error;
    await copyFile(file, name);
  }
  return name;
}

const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK']);

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
