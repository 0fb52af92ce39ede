import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup } from './child.ts';
import { nodeFlags } from './node-process.ts';
import { projectFolder } from './project.ts';

const ALL = 'test/**/*.test.ts';
/**
 * Folders whose files take long, most of it waiting for whole stacks, brokers and timers. They begin early, in this order,
 * so that none runs alone at the end; and with so many others between them, as each begins with the start of servers.
 */
const LONG = ['e2e', 'workflows', 'stack', 'activities/batch'].map((folder) => join('test', folder));
const BETWEEN = 3;
const STOP_MS = 5_000;
/** What tests left and what was told to end: a whole stack gets the ten seconds that it is promised. */
const LEFT_MS = 12_000;
const POLL_MS = 50;
const runner = join(projectFolder, 'stack', 'run-tests-child.ts');

/** What tests see of `--long` (test/support/long-form.ts). */
export const longTests = 'PINFLOW_LONG_TESTS';

/**
 * Runs the test files that `filters` name (files, folders or patterns; all when empty) with Node's runner, whose report
 * goes straight to the terminal. Returns its exit code; when `signal` aborts, nothing of it is left running.
 */
export async function runTests(filters: readonly string[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const unmatched = filters.filter((filter) => filesOf([filter]).length === 0);
  if (unmatched.length > 0) {
    process.stderr.write(
      `No test file matches ${unmatched.join(' ')}: name files, folders or patterns, as in 'npm test -- test/domain'.\n`,
    );
    return 1;
  }
  const files = filesOf(filters);
  const child = spawn(process.execPath, [...nodeFlags, runner, ...files], {
    cwd: projectFolder,
    env: { UV_THREADPOOL_SIZE: '16', ...environment },
    stdio: 'inherit',
    detached: true,
  });
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), STOP_MS).unref();
  };
  signal.addEventListener('abort', stop);
  const code = await new Promise<number>((settle, fail) => {
    child.on('error', fail);
    child.on('exit', (exitCode) => settle(exitCode ?? 1));
  });
  signal.removeEventListener('abort', stop);
  if (signal.aborted) signalGroup(child.pid!, 'SIGKILL');
  // Also of what was killed: a stack that is still dying holds its home, and what it left could not be ended.
  await untilGroupIsGone(child.pid!);
  signalGroup(child.pid!, 'SIGKILL');
  signal.throwIfAborted();
  return code;
}

/** In the order in which they are to begin. */
export function filesOf(filters: readonly string[]): string[] {
  const files = globSync(filters.length === 0 ? ALL : filters.map(patternOf), { cwd: projectFolder }).toSorted();
  const long = LONG.flatMap((folder) => files.filter((file) => file.startsWith(folder + sep)));
  const others = files.filter((file) => !long.includes(file));
  return [...long.flatMap((file) => [file, ...others.splice(0, BETWEEN)]), ...others];
}

/** Children of test files that were told to end with them may need their time: a stack stops its servers in order. */
async function untilGroupIsGone(leader: number): Promise<void> {
  const giveUpAt = Date.now() + LEFT_MS;
  while (isGroupThere(leader) && Date.now() < giveUpAt) await sleep(POLL_MS);
}

function isGroupThere(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}

/** A folder means all tests below it. Paths are the caller's, npm runs us in the project's folder. */
function patternOf(filter: string): string {
  const path = relative(projectFolder, resolve(filter));
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, '**', '*.test.ts') : path;
}
