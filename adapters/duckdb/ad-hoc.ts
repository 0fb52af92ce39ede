import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AdHocRequest, AdHocResult } from '#adapters/duckdb/ad-hoc-statement.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/** Beyond the statement's own limit: the process's start, the views, and the interrupt. */
const slackMs = 10_000;
const stderrShown = 500;

/**
 * Runs a person's statement in a process of its own: whatever it does, it ends, and takes nothing along. The process
 * starts, and loads the engine, while the request is still being made.
 * @throws Failure as DuckDB names the problem; `timeout` when the limit is over; what `making` rejects with.
 */
export async function runAdHocInChild(making: Promise<AdHocRequest>): Promise<AdHocResult> {
  const compiled = getCompileCacheDir();
  const child = spawn(process.execPath, [fileURLToPath(new URL('ad-hoc-child.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing of our environment: settings hold secrets. Where code that was compiled once lies is none.
    env: { UV_THREADPOOL_SIZE: '16', ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) }) },
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // Met below, after the request is there.
  closed.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-stderrShown);
  });
  // A child that dies early breaks the pipe; its exit says so below.
  child.stdin.on('error', () => undefined);
  try {
    const request = await making;
    timer = setTimeout(() => child.kill('SIGKILL'), request.timeoutMs + slackMs);
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const [code, signal] = await closed;
    const text = Buffer.concat(stdout).toString('utf8');
    if (text === '')
      throw new Failure(
        signal === 'SIGKILL' ? 'timeout' : 'unavailable',
        `The query's process ended (${signal ?? `code ${code}`}) before it answered: it took too long or too much memory. ${stderr}`.trim(),
      );
    const { result, failure } = JSON.parse(text) as { result?: AdHocResult; failure?: { kind: FailureKind; message: string } };
    if (failure !== undefined)
      throw new Failure(
        failure.kind,
        failure.kind === 'timeout' ? `The query took longer than ${request.timeoutMs} ms and was ended.` : failure.message,
      );
    return result!;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}
