import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { compileCacheEnvironment } from '#adapters/compile-cache.ts';
import type { ChildProgress } from '#adapters/duckdb/child-watch.ts';
import { watchChild } from '#adapters/duckdb/child-watch.ts';
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
  /** How long nothing may move, no row, no byte, no memory taken (child-watch.ts); the child is killed after it. */
  stallMs?: number | undefined;
  /** Told whenever something moved, once a second at most. */
  onProgress?: (progress: ChildProgress) => void;
};

/** The child's descriptor for its words about progress; child-main.ts writes them. */
export const progressDescriptor = 3;

/** Bytes of rows that a job may return; more is a programmer's error, as rows belong into files. */
const answerBytesMax = 64 * 1024 * 1024;
const stderrBytesKept = 2_000;
const statementShown = 80;

/**
 * Runs SQL in a child process of its own: cancel is kill, memory goes back, a native crash spares this process. The child
 * ends by itself when this process dies, because its stdin closes.
 * @returns the rows of the steps with `returnRows`, in their order; values as adapters/duckdb/values.ts says.
 * @throws Failure of the engine; `crashed` when the engine died, `unavailable` when the child was killed; `timeout` after timeoutMs, or when nothing moved for
 *   stallMs; the signal's reason when aborted.
 */
export async function runInChild(job: ChildJob, options: ChildOptions = {}): Promise<Row[][]> {
  options.signal?.throwIfAborted();
  const { stdout, stderr, code, signal, killed, stalledAt } = await runProcess(job, options);
  if (killed === 'abort') throw options.signal!.reason;
  if (killed === 'timeout')
    throw new Failure('timeout', `A DuckDB process was killed after ${options.timeoutMs} ms: give the job less to do or more time.`);
  if (killed === 'stall') throw stallFailure(job, stalledAt!, options.stallMs!);
  if (killed === 'flood') throw new Error(`a DuckDB job returned more than ${answerBytesMax} bytes of rows; write them to a file`);
  const answer = parseAnswer(stdout);
  if (answer === undefined) {
    const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
    const hint = signal === 'SIGKILL' ? ' The system may be out of memory: lower memoryLimit, or free some.' : '';
    // Killed by others (mostly for memory) it is none of its work's fault; of another signal the engine died itself.
    throw new Failure(
      signal === null || signal === 'SIGKILL' ? 'unavailable' : 'crashed',
      `A DuckDB process ${how} before it answered.${hint}${stderr === '' ? '' : ` Its last words: ${stderr}`}`,
    );
  }
  if ('rows' in answer) return answer.rows;
  if ('failure' in answer) throw new Failure(answer.failure.kind, answer.failure.message);
  throw new Error(`DuckDB process: ${answer.bug}`);
}

/** Names the statement: our statements hold paths and names, never data. */
function stallFailure({ steps }: ChildJob, { step, rows, bytesRead, bytesWritten }: ChildProgress, stallMs: number): Failure {
  const what = step === 0 ? 'before its first statement' : `in statement ${step} of ${steps.length} (${beginningOf(steps[step - 1]!.sql)})`;
  return new Failure(
    'timeout',
    `A DuckDB process stood still for ${stallMs / 1_000} s ${what} and was killed: it read ${bytesRead} bytes, wrote ${bytesWritten}, was at row ${rows}, and nothing moved any more.`,
  );
}

function beginningOf(sql: string): string {
  const text = sql
    .replaceAll(/--[^\n]*/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text.length <= statementShown ? text : `${text.slice(0, statementShown)}...`;
}

type Ended = {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  killed?: 'abort' | 'timeout' | 'flood' | 'stall';
  stalledAt?: ChildProgress;
};

function runProcess(job: ChildJob, options: ChildOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [childMain], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      // Nothing else of this process's environment, which holds secrets, is of use there.
      env: { TZ: 'UTC', ...compileCacheEnvironment() },
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
    let stalledAt: ChildProgress | undefined;
    const watch =
      child.pid === undefined
        ? undefined
        : watchChild({
            pid: child.pid,
            steps: job.steps.length,
            said: child.stdio[progressDescriptor] as Readable,
            stallMs: options.stallMs,
            onProgress: options.onProgress,
            onStall(progress) {
              stalledAt ??= progress;
              kill('stall');
            },
          });
    const settle = (): void => {
      watch?.stop();
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
        ...(stalledAt === undefined ? {} : { stalledAt }),
      });
    });
    // A child that died early closes the pipe; what counts is then how it ended.
    child.stdin.on('error', () => undefined);
    // One line is the job. The pipe stays open: its end tells the child that this process is gone.
    child.stdin.write(`${JSON.stringify(job)}\n`);
  });
}

function parseAnswer(stdout: string): ChildAnswer | undefined {
  if (!stdout.endsWith('\n')) return undefined;
  return JSON.parse(stdout) as ChildAnswer;
}

const childMain = fileURLToPath(new URL('child-main.ts', import.meta.url));
