import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensurePrivateFolder } from '#adapters/private-folder.ts';
import type { S3 } from '#adapters/s3.ts';

/**
 * Local copies of lake objects, shared by all processes of a home: names in the lake are immutable, so a copy never
 * grows old, and a rename makes it appear whole.
 */
export type LakeCache = {
  folder: string;
  /** Path of the local copy of an object, fetched if it is not there. @throws Failure `missing`. */
  fetch(key: string): Promise<string>;
};

export function makeLakeCache(s3: S3, home: string): LakeCache {
  const folder = join(home, 'cache', 'lake', s3.bucket);
  const underWay = new Map<string, Promise<string>>();
  const download = async (key: string): Promise<string> => {
    const file = join(folder, key);
    if (await exists(file)) return file;
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
  return {
    folder,
    fetch(key) {
      let fetching = underWay.get(key);
      if (fetching === undefined) {
        fetching = download(key).finally(() => underWay.delete(key));
        underWay.set(key, fetching);
      }
      return fetching;
    },
  };
}

/** Fetches many objects, a bounded number at a time, in order. */
export async function fetchAll(cache: LakeCache, keys: readonly string[]): Promise<string[]> {
  const files: string[] = new Array<string>(keys.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < keys.length; i = next++) files[i] = await cache.fetch(keys[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(lanesMax, keys.length) }, lane));
  return files;
}

const lanesMax = 16;

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
