import { createHash } from 'node:crypto';
import { globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForLock } from '#adapters/lock-file.mjs';
import { projectFolder } from './project.ts';
import { runProgram } from './tools/run-program.ts';

/**
 * Builds the page, which the API serves, unless it is built from just these sources and packages. It is built aside and
 * renamed, by one process at a time.
 * @throws Failure `unavailable` with the builder's words.
 */
export async function ensurePage(environment: NodeJS.ProcessEnv, signal: AbortSignal, project: string = projectFolder): Promise<void> {
  const folder = join(project, 'web');
  const built = join(folder, 'built');
  const note = join(built, '.sources');
  const state = stateOfSources(project, folder);
  if (readOr(note) === state) return;
  const lock = await waitForLock(join(project, '.pinflow', 'page.lock'));
  try {
    if (readOr(note) === state) return;
    const aside = join(folder, '.building');
    rmSync(aside, { recursive: true, force: true });
    await runProgram({
      command: process.execPath,
      args: [
        join(project, 'node_modules', 'vite', 'bin', 'vite.js'),
        'build',
        folder,
        '--config',
        join(folder, 'vite.config.ts'),
        '--outDir',
        aside,
        '--logLevel',
        'warn',
      ],
      environment,
      cwd: project,
      signal,
    });
    writeFileSync(join(aside, '.sources'), state);
    rmSync(built, { recursive: true, force: true });
    renameSync(aside, built);
  } finally {
    lock.release();
  }
}

/** A hash of all that the page is made of: its files and the packages. */
function stateOfSources(project: string, folder: string): string {
  const hash = createHash('sha256').update(readFileSync(join(project, 'package-lock.json')));
  const files = globSync('**/*', { cwd: folder, exclude: (name) => name === 'built' || name === '.building' }).toSorted();
  for (const file of files) {
    const path = join(folder, file);
    if (statSync(path).isFile()) hash.update(`${file}\n`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function readOr(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not built yet, or not by us.
    return undefined;
  }
}
