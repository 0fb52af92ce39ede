import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '#stack/child.ts';
import { startChild } from '#stack/child.ts';
import type { Home } from '#stack/home.ts';
import { openHome } from '#stack/home.ts';

/** An empty folder that goes with the test process. */
export function makeTestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pinflow-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty home for a test of the stack itself; what still runs in it ends with the test process. */
export function makeTestHome(): Home {
  const started: { home?: Home } = {};
  // Before the folder's own handler, which removes what says who runs in it.
  process.on('exit', () => started.home?.running.forEach((child) => child.kill()));
  return (started.home = openHome(makeTestFolder()));
}

/** A shell script as a process of the stack. */
export function startScript(home: Home, name: string, script: string): Child {
  return startChild(home, name, { command: 'sh', args: ['-c', script], environment: { PATH: '/usr/bin:/bin' }, stopMs: 1_000 });
}
