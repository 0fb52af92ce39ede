import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitForLock } from '#adapters/lock-file.mjs';
import type { Progress } from './progress.ts';

/** A server that can be obtained. */
export type Tool = {
  name: string;
  version: string;
  /** What it is for people, such as `the Temporal server`. */
  title: string;
  /** File or folder, below the tool's folder, that is what the caller needs. */
  product: string;
  /** One that the machine has already, if it is one that will do. */
  findInstalled?(environment: NodeJS.ProcessEnv): Promise<string | undefined>;
  /** Builds the tool into an empty folder that becomes the tool's folder when this resolves. */
  build(folder: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void>;
};

export type Obtaining = { environment: NodeJS.ProcessEnv; cacheFolder: string; progress: Progress; signal: AbortSignal };
export type Obtained = { path: string; from: 'installed' | 'cache' | 'build' };

/**
 * Gets a tool: what the machine has, else what the cache has, else it is built into the cache. Clones that want the
 * same tool build it once; a build appears in the cache as a whole or not at all.
 */
export async function obtain(tool: Tool, obtaining: Obtaining): Promise<Obtained> {
  const installed = await tool.findInstalled?.(obtaining.environment);
  if (installed !== undefined) return { path: installed, from: 'installed' };
  const folder = join(obtaining.cacheFolder, `${tool.name}-${tool.version}`);
  const path = join(folder, tool.product);
  if (existsSync(path)) return { path, from: 'cache' };
  return { path, from: await buildUnlessBuilt(tool, folder, obtaining) };
}

async function buildUnlessBuilt(
  tool: Tool,
  folder: string,
  { environment, cacheFolder, progress, signal }: Obtaining,
): Promise<'cache' | 'build'> {
  const title = `Building ${tool.title} ${tool.version}`;
  const line = progress.begin(title);
  let outcome: string | undefined;
  try {
    const lock = await waitForLock(
      `${folder}.lock`,
      (holder) => line.retitle(`Waiting for process ${holder.pid}, which builds ${tool.title} ${tool.version}`),
      signal,
    );
    try {
      if (existsSync(join(folder, tool.product))) return 'cache';
      line.retitle(title);
      await buildAside(tool, folder, cacheFolder, environment, signal);
    } finally {
      lock.release();
    }
    outcome = `Built ${tool.title} ${tool.version}`;
    return 'build';
  } finally {
    line.done(outcome);
  }
}

async function buildAside(
  tool: Tool,
  folder: string,
  cacheFolder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  // Under the lock every folder aside is one that an interrupted build left.
  const asidePrefix = `.${tool.name}-`;
  mkdirSync(cacheFolder, { recursive: true });
  for (const name of readdirSync(cacheFolder))
    if (name.startsWith(asidePrefix)) rmSync(join(cacheFolder, name), { recursive: true, force: true });
  const aside = mkdtempSync(join(cacheFolder, asidePrefix));
  try {
    await tool.build(aside, environment, signal);
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
