import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openHomeUnlessTaken } from './home.ts';
import { stopLeftovers } from './leftovers.ts';
import { projectFolder } from './project.ts';

/** Homes of single runs, of tests and benchmarks: made at the start, removed at the end, kept when something failed. */
const homes = join(projectFolder, '.pinflow-test');

/** Folder of a run's home. The name must be this process's alone. */
export function homeOfRun(name: string): string {
  return join(homes, name);
}

/**
 * Removes homes of runs that are over: kept ones of failed runs, and those that a kill left with servers running; also
 * the homes of stacks that tests started in them.
 */
export async function removeStaleHomes(): Promise<void> {
  for (const path of foldersIn(homes)) {
    const home = openHomeUnlessTaken(path);
    if ('pid' in home) continue;
    await stopLeftovers(home, () => undefined);
    await stopStacksOfTests(path, () => undefined);
    home.close();
    rmSync(path, { recursive: true, force: true });
  }
}

/** Ends what stacks of tests, in homes below that of their run, left running when they were killed. */
export async function stopStacksOfTests(path: string, say: (line: string) => void): Promise<void> {
  for (const folder of foldersIn(join(path, 'tests'))) {
    if (!existsSync(join(folder, 'run'))) continue;
    const home = openHomeUnlessTaken(folder);
    if ('pid' in home) continue;
    await stopLeftovers(home, say);
    home.close();
  }
}

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
