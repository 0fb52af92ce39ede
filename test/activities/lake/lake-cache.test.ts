import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import type { LakeCache } from '#activities/lake/lake-cache.ts';
import { trimLakeCache } from '#activities/lake/trim-lake-cache.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3 } from '#adapters/s3.ts';
import { testConfig } from '#test/support/servers.ts';

const dayMs = 86_400_000;
const keys = Array.from({ length: 6 }, (_, i) => `lake/clean_pins/dt=2026-01-0${i + 1}/${i}.parquet`);
const bytesOf = (i: number): Buffer => Buffer.alloc(1_000, i);
const wide = { bytesMax: Number.MAX_SAFE_INTEGER, ageMsMax: 7 * dayMs };
const config = await testConfig();
let s3: S3;
let homes = 0;
let home: string;
let cache: LakeCache;

before(async () => {
  s3 = makeS3(config, `${config.prefix}cache`);
  await s3.ensureBucket();
  await Promise.all(keys.map((key, i) => s3.put(key, bytesOf(i))));
});
after(() => s3.close());
beforeEach(() => {
  home = join(config.home, `home-${homes++}`);
  cache = makeLakeCache(s3, home);
});

/** Keys of the copies that are there. */
async function copies(): Promise<string[]> {
  const entries = await readdir(cache.folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== '.trimmed')
    .map((entry) => join(entry.parentPath, entry.name).slice(cache.folder.length + 1))
    .toSorted();
}
/** Says that a file of the cache was used last so long ago. */
async function usedBefore(key: string, ms: number): Promise<void> {
  const time = new Date(Date.now() - ms);
  await utimes(join(cache.folder, key), time, time);
}
async function lay(key: string): Promise<void> {
  await mkdir(dirname(join(cache.folder, key)), { recursive: true });
  await writeFile(join(cache.folder, key), Buffer.alloc(10));
}

describe('the cache of the lake', () => {
  test('beyond its bytes, what was used longest ago goes; a use counts', async () => {
    await cache.read(keys);
    for (const [i, key] of keys.entries()) await usedBefore(key, (10 - i) * 3_600_000);
    await cache.read([keys[0]!]);
    assert.deepEqual(await trimLakeCache(cache.folder, { ...wide, bytesMax: 3_000 }), { removed: 3 });
    assert.deepEqual(await copies(), [keys[0], keys[4], keys[5]]);
  });

  test('what nobody used for long goes, replayed logs and leftovers of downloads too', async () => {
    await cache.read(keys.slice(0, 2));
    const others = [
      'lake/rejects/_snapshots/20.json',
      'lake/rejects/_snapshots/40.json',
      'lake/rejects/a.parquet.1.part',
      'lake/rejects/b.parquet.2.part',
    ];
    for (const key of others) await lay(key);
    await usedBefore(keys[0]!, 8 * dayMs);
    await usedBefore(others[0]!, 8 * dayMs);
    await usedBefore(others[2]!, dayMs);
    await trimLakeCache(cache.folder, wide);
    assert.deepEqual(await copies(), [keys[1]!, others[1]!, others[3]!].toSorted());
  });

  test('what a question holds stays readable when its copies are removed, and comes again for the next', async () => {
    const held = await cache.hold(keys, join(home, 'question'));
    assert.deepEqual(await trimLakeCache(cache.folder, { ...wide, bytesMax: 0 }), { removed: keys.length });
    assert.deepEqual(await copies(), []);
    for (const [i, file] of held.entries()) assert.ok((await readFile(file)).equals(bytesOf(i)));
    await cache.hold(keys, join(home, 'next'));
    assert.deepEqual(await copies(), keys);
  });

  test('questions and those who trim at once do not disturb each other', async () => {
    // Two processes, and the clock of each trim ten minutes further than that of the one before.
    const other = makeLakeCache(s3, home);
    let trims = 0;
    let asking = true;
    const trimmer = async (): Promise<void> => {
      while (asking) await trimLakeCache(cache.folder, { ...wide, bytesMax: 2_000 }, Date.now() + 600_000 * ++trims);
    };
    const trimming = Promise.all([trimmer(), trimmer()]);
    const ask = async (one: LakeCache, n: number): Promise<void> => {
      const held = await one.hold(keys, join(home, `question-${n}`));
      for (const [i, file] of held.entries()) assert.ok((await readFile(file)).equals(bytesOf(i)));
      for (const [i, bytes] of (await one.read(keys)).entries()) assert.ok(bytes.equals(bytesOf(i)));
    };
    try {
      for (let n = 0; n < 4; n++) await Promise.all([ask(cache, 2 * n), ask(other, 2 * n + 1)]);
    } finally {
      asking = false;
      await trimming;
    }
    assert.ok(trims > 4);
  });

  test('it is looked through once in ten minutes, by all processes together', async () => {
    await cache.read(keys);
    const small = { ...wide, bytesMax: 0 };
    assert.equal((await trimLakeCache(cache.folder, wide)).removed, 0);
    assert.equal((await trimLakeCache(cache.folder, small, Date.now() + 500_000)).removed, 0);
    assert.equal((await trimLakeCache(cache.folder, small, Date.now() + 700_000)).removed, keys.length);
  });

  test('a home without a cache has nothing to look through', async () => {
    assert.deepEqual(await trimLakeCache(join(home, 'nothing', 'there'), wide), { removed: 0 });
  });
});
