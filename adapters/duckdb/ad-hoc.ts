import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AdHocRequest, AdHocResult } from '#adapters/duckdb/ad-hoc-statement.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/** Beyond the statement's own limit: the process's start, the views, and the interrupt. */
const slackMs = 10_000;
const stderrShown = 500;

/**
 * Runs a person's statement in a process of its own: whatever it does, it ends, and takes nothing along.
 * @throws Failure as DuckDB names the problem; `timeout` when the limit is over.
 */
export async function runAdHocInChild(request: AdHocRequest): Promise<AdHocResult> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('ad-hoc-child.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing of our environment: settings hold secrets.
    env: { UV_THREADPOOL_SIZE: '16' },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), request.timeoutMs + slackMs);
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-stderrShown);
  });
  // A child that dies early breaks the pipe; its exit says so below.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(request)}\n`);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
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
