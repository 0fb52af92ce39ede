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
    const inner = foldersIn(home.at('tests')).filter((folder) => existsSync(join(folder, 'run')));
    for (const one of [home, ...inner.map(openHomeUnlessTaken)]) {
      if ('pid' in one) continue;
      await stopLeftovers(one, () => undefined);
      one.close();
    }
    rmSync(path, { recursive: true, force: true });
  }
}

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
