import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DuckdbSettings, Row } from '#adapters/duckdb/connection.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/** A statement, or several, for the child. Only the rows of steps that ask for them come back. */
export type ChildStep = { sql: string; returnRows?: boolean };
export type ChildJob = { settings: DuckdbSettings; steps: readonly ChildStep[] };

/** What the child writes to stdout, once. */
export type ChildAnswer = { rows: Row[][] } | { failure: { kind: FailureKind; message: string } } | { bug: string };

export type ChildOptions = {
  /** Aborting kills the child at once; its memory and files handles are gone when the promise rejects. */
  signal?: AbortSignal;
  /** Wall limit; the child is killed after it. */
  timeoutMs?: number;
};

/** Bytes of rows that a job may return; more is a programmer's error, as rows belong into files. */
const answerBytesMax = 64 * 1024 * 1024;
const stderrBytesKept = 2_000;

/**
 * Runs SQL in a child process of its own: cancel is kill, memory goes back, a native crash spares this process. The child
 * ends by itself when this process dies, because its stdin closes.
 * @returns the rows of the steps with `returnRows`, in their order; values as adapters/duckdb/values.ts says.
 * @throws Failure of the engine; `unavailable` when the child crashed; `timeout` after timeoutMs; the signal's reason when aborted.
 */
export async function runInChild(job: ChildJob, options: ChildOptions = {}): Promise<Row[][]> {
  options.signal?.throwIfAborted();
  const { stdout, stderr, code, signal, killed } = await runProcess(JSON.stringify(job), options);
  if (killed === 'abort') throw options.signal!.reason;
  if (killed === 'timeout')
    throw new Failure('timeout', `A DuckDB process was killed after ${options.timeoutMs} ms: give the job less to do or more time.`);
  if (killed === 'flood') throw new Error(`a DuckDB job returned more than ${answerBytesMax} bytes of rows; write them to a file`);
  const answer = parseAnswer(stdout);
  if (answer === undefined) {
    const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
    const hint = signal === 'SIGKILL' ? ' The system may be out of memory: lower memoryLimit, or free some.' : '';
    throw new Failure(
      'unavailable',
      `A DuckDB process ${how} before it answered.${hint}${stderr === '' ? '' : ` Its last words: ${stderr}`}`,
    );
  }
  if ('rows' in answer) return answer.rows;
  if ('failure' in answer) throw new Failure(answer.failure.kind, answer.failure.message);
  throw new Error(`DuckDB process: ${answer.bug}`);
}

type Ended = { stdout: string; stderr: string; code: number | null; signal: NodeJS.Signals | null; killed?: 'abort' | 'timeout' | 'flood' };

function runProcess(input: string, options: ChildOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [childMain], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Nothing of this process's environment, which holds secrets, is of use there.
      env: { TZ: 'UTC' },
    });
    let killed: Ended['killed'];
    const kill = (why: NonNullable<Ended['killed']>): void => {
      killed ??= why;
      child.kill('SIGKILL');
    };
    const onAbort = (): void => kill('abort');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => kill('timeout'), options.timeoutMs);
    const stdout: Buffer[] = [];
    let bytes = 0;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      if ((bytes += chunk.length) > answerBytesMax) kill('flood');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-stderrBytesKept);
    });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    };
    child.on('error', (error) => {
      settle();
      reject(new Failure('unavailable', `A DuckDB process could not be started: ${error.message}`, { cause: error }));
    });
    child.on('close', (code, signal) => {
      settle();
      resolve({
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: stderr.trim(),
        code,
        signal,
        ...(killed === undefined ? {} : { killed }),
      });
    });
    // A child that died early closes the pipe; what counts is then how it ended.
    child.stdin.on('error', () => undefined);
    // One line is the job. The pipe stays open: its end tells the child that this process is gone.
    child.stdin.write(`${input}\n`);
  });
}

function parseAnswer(stdout: string): ChildAnswer | undefined {
  if (!stdout.endsWith('\n')) return undefined;
  return JSON.parse(stdout) as ChildAnswer;
}

const childMain = fileURLToPath(new URL('child-main.ts', import.meta.url));
