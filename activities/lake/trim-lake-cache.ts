import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '#activities/lake/lake-cache.ts';
import type { Config } from '#adapters/config.ts';

export type CacheBounds = {
  bytesMax: number;
  /** Since the last use. */
  ageMsMax: number;
};

/** How often all processes of a home together look through the cache. */
const trimEveryMs = 600_000;
/** Older than any download: what a killed process left. */
const leftoverMs = 6 * 3_600_000;
/** Its time of modification says when the cache was looked through last. */
const markName = '.trimmed';

export function cacheBoundsOf(config: Pick<Config, 'lakeCacheBytes' | 'lakeCacheDays'>): CacheBounds {
  return { bytesMax: config.lakeCacheBytes, ageMsMax: config.lakeCacheDays * 86_400_000 };
}

/**
 * Brings the cache back within its bounds: copies, replayed logs beside them too, that nobody used for long, then those
 * used longest ago. What a query uses has a name of its own in the query's folder, so nothing is taken from under it.
 * Called by whoever used the cache; looks seldom, and any number of processes may do it at once.
 */
export async function trimLakeCache(folder: string, bounds: CacheBounds, nowMs: number = Date.now()): Promise<{ removed: number }> {
  if (!(await isTurn(folder, nowMs))) return { removed: 0 };
  const copies = (await listFiles(folder)).toSorted((one, other) => one.usedMs - other.usedMs);
  let bytes = copies.reduce((sum, one) => sum + one.bytes, 0);
  let removed = 0;
  for (const { file, bytes: size, usedMs } of copies) {
    const isOld = nowMs - usedMs > (file.endsWith('.part') ? leftoverMs : bounds.ageMsMax);
    // What is being downloaded counts, and is left to whoever downloads it.
    if (!isOld && (bytes <= bounds.bytesMax || file.endsWith('.part'))) continue;
    await rm(file, { force: true });
    bytes -= size;
    removed++;
  }
  return { removed };
}

async function isTurn(folder: string, nowMs: number): Promise<boolean> {
  const mark = join(folder, markName);
  try {
    if (nowMs - (await stat(mark)).mtimeMs < trimEveryMs) return false;
    await utimes(mark, nowMs / 1_000, nowMs / 1_000);
  } catch (error) {
    if (!isMissing(error)) throw error;
    // Without a cache there is nothing to look through.
    await writeFile(mark, '').catch((missing: unknown) => {
      if (!isMissing(missing)) throw missing;
    });
  }
  return true;
}

async function listFiles(folder: string): Promise<{ file: string; bytes: number; usedMs: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const files: { file: string; bytes: number; usedMs: number }[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || entry.name === markName) continue;
    const file = join(entry.parentPath, entry.name);
    const found = await stat(file).catch((error: unknown) => {
      // Another process was faster.
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found !== undefined) files.push({ file, bytes: found.size, usedMs: found.mtimeMs });
  }
  return files;
}
