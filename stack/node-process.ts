import { join } from 'node:path';
import type { Command } from './child.ts';
import { projectFolder } from './project.ts';

const preloaded = new URL('end-with-parent.mjs', import.meta.url).href;

/**
 * Flags of every Node process of the project: silence what is known (a timer of kafkajs, TypeScript itself), and end
 * with the parent.
 */
export const nodeFlags = [
  '--disable-warning=TimeoutNegativeWarning',
  '--disable-warning=ExperimentalWarning',
  '--import',
  preloaded,
] as const;

/** How to run a script of this project (or of another checkout of it) as a process of its own. */
export function nodeCommand(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  stopMs: number,
  folder: string = projectFolder,
): Command {
  return {
    command: process.execPath,
    args: [...nodeFlags, join(folder, script), ...args],
    environment: { UV_THREADPOOL_SIZE: '16', ...environment },
    cwd: folder,
    stopMs,
  };
}
