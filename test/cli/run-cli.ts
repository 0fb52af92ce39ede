import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { callerEnvironment } from '#adapters/config.ts';

export type CliResult = { code: number | null; stdout: string; stderr: string };

const timeoutMs = 60_000;

/** What a command finds also where nothing is set: programs, and what Node compiled before. */
export function ofEveryCommand(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = callerEnvironment();
  return { PATH, NODE_COMPILE_CACHE };
}

/** Runs a program of the project (`cli/tctl.ts`) in a process of its own, to its end. */
export function runCli(script: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<CliResult> {
  const file = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', file, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}
