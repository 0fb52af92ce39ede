import { spawn } from 'node:child_process';
import { Failure } from '#domain/failures.ts';
import { signalGroup } from '../child.ts';

const OUTPUT_LINES = 20;

export type Program = {
  command: string;
  args: readonly string[];
  environment: NodeJS.ProcessEnv;
  cwd?: string;
  /** Another user to run as; for root only. */
  user?: { uid: number; gid: number };
  input?: string;
  signal?: AbortSignal;
};

/**
 * Runs a program to its end and returns what it printed. When `signal` aborts, its whole process group is killed.
 * @throws Failure `unavailable` with the tail of its output when it fails.
 */
export async function runProgram(program: Program): Promise<string> {
  program.signal?.throwIfAborted();
  const child = spawn(program.command, program.args, {
    cwd: program.cwd,
    ...program.user,
    env: program.environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  // A program that ends without reading its input is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(program.input ?? '');
  const killGroup = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  program.signal?.addEventListener('abort', killGroup);
  try {
    const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
    });
    program.signal?.throwIfAborted();
    const text = Buffer.concat(output).toString();
    if (code === 0) return text;
    throw new Failure(
      'unavailable',
      `'${[program.command, ...program.args].join(' ')}' ended with ${code}:\n${text.trimEnd().split('\n').slice(-OUTPUT_LINES).join('\n')}`,
    );
  } finally {
    program.signal?.removeEventListener('abort', killGroup);
  }
}
