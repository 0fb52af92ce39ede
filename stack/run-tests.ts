import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { signalGroup } from './child.ts';
import { nodeFlags } from './node-process.ts';
import { projectFolder } from './project.ts';

const ALL = 'test/**/*.test.ts';
const WHOLE = join('test', 'e2e');
const CONCURRENCY = 2;
/** A test that hangs fails after this long, so that a run always ends. */
const TIMEOUT_MS = 240_000;
const STOP_MS = 5_000;

/**
 * Runs the test files that `filters` name (files, folders or patterns; all when empty) with Node's runner, whose report
 * goes straight to the terminal. Returns its exit code; when `signal` aborts, nothing of it is left running.
 */
export async function runTests(filters: readonly string[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  if (filters.length > 0) return runPhase(filters.map(patternOf), CONCURRENCY, environment, signal);
  // The tests of whole stacks come last and alone: what they promise in seconds does not hold beside another load.
  const parts = await runPhase(
    globSync(ALL).filter((path) => !path.startsWith(WHOLE)),
    CONCURRENCY,
    environment,
    signal,
  );
  const whole = await runPhase(globSync(`${WHOLE}/*.test.ts`), 1, environment, signal);
  return parts === 0 ? whole : parts;
}

async function runPhase(
  files: readonly string[],
  concurrency: number,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number> {
  const flags = [...nodeFlags, '--test', `--test-concurrency=${concurrency}`, `--test-timeout=${TIMEOUT_MS}`, '--test-reporter=spec'];
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
  signalGroup(child.pid!, 'SIGKILL');
  signal.throwIfAborted();
  return code;
}

/** A folder means all tests below it. Paths are the caller's, npm runs us in the project's folder. */
function patternOf(filter: string): string {
  const path = relative(projectFolder, resolve(filter));
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, '**', '*.test.ts') : path;
}
