import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateFolder } from '#adapters/private-folder.ts';

/** Older than any step may take: what a killed worker left behind. */
const leftoverMs = 6 * 3_600_000;

/** Gives `work` an empty folder on the home's disk, and removes it afterwards, whatever happens. */
export async function withWorkFolder<Result>(home: string, work: (folder: string) => Promise<Result>): Promise<Result> {
  ensurePrivateFolder(home);
  const parent = join(home, 'work');
  await mkdir(parent, { recursive: true });
  await removeLeftovers(parent);
  const folder = await mkdtemp(join(parent, 'batch-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    // Another worker may remove the same one.
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > leftoverMs) await rm(folder, { recursive: true, force: true });
  }
}
