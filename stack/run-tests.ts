import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup } from './child.ts';
import { nodeFlags } from './node-process.ts';
import { projectFolder } from './project.ts';

const ALL = 'test/**/*.test.ts';
/** Promises recovery in seconds, which does not hold beside another load: comes last and alone. */
const ALONE = join('test', 'e2e', 'recovery.test.ts');
/** More than cores: many files wait for servers most of the time. */
const CONCURRENCY = 3;
/** A test that hangs fails after this long, so that a run always ends. */
const TIMEOUT_MS = 240_000;
const STOP_MS = 5_000;
/** What tests left and what was told to end: a whole stack gets the ten seconds that it is promised. */
const LEFT_MS = 12_000;
const POLL_MS = 50;
const endChildren = new URL('end-children.mjs', import.meta.url).href;
const slowestFiles = new URL('slowest-files.mjs', import.meta.url).href;

/**
 * Runs the test files that `filters` name (files, folders or patterns; all when empty) with Node's runner, whose report
 * goes straight to the terminal. Returns its exit code; when `signal` aborts, nothing of it is left running.
 */
export async function runTests(filters: readonly string[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  if (filters.length > 0) return runPhase(filters.map(patternOf), CONCURRENCY, environment, signal);
  const shared = await runPhase(
    globSync(ALL).filter((path) => path !== ALONE),
    CONCURRENCY,
    environment,
    signal,
  );
  const alone = await runPhase([ALONE], 1, environment, signal);
  return shared === 0 ? alone : shared;
}

async function runPhase(
  files: readonly string[],
  concurrency: number,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  const flags = [
    ...nodeFlags,
    '--import',
    endChildren,
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${TIMEOUT_MS}`,
    // A file whose test or hook failed may hold a socket or a child for ever; it ends when its tests have.
    '--test-force-exit',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${slowestFiles}`,
    // Written at once: what stands in stdout's queue, a forced exit drops.
    '--test-reporter-destination=stderr',
  ];
  const child = spawn(process.execPath, [...flags, ...files], {
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
  if (!signal.aborted) await untilGroupIsGone(child.pid!);
  signalGroup(child.pid!, 'SIGKILL');
  signal.throwIfAborted();
  return code;
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
