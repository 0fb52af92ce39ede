import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compileCacheEnvironment } from '#adapters/compile-cache.ts';
import type { AdHocRequest, AdHocResult } from '#adapters/duckdb/ad-hoc-statement.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';

/** Beyond the statement's own limit: the process's start, the views, and the interrupt. */
const slackMs = 10_000;
const stderrShown = 500;

/** A process that will run one statement of a person. */
export type AdHocProcess = {
  /**
   * Runs the statement; to be called once. The request may still be in the making.
   * @throws Failure as DuckDB names the problem; `timeout` when the limit is over; what `making` rejects with.
   */
  run(making: Promise<AdHocRequest>): Promise<AdHocResult>;
  /** Ends it, whatever it does; for whoever started one and then asks nothing. */
  end: () => void;
};

/**
 * Starts a process for a person's statement: whatever that does, it ends, and takes nothing along. It takes a while to load
 * the engine, so whoever knows that a statement will come starts it first of all.
 */
export function startAdHocProcess(): AdHocProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL('ad-hoc-child.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing else of our environment: settings hold secrets.
    env: { UV_THREADPOOL_SIZE: '16', ...compileCacheEnvironment() },
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // Met in `run`.
  closed.catch(() => undefined);
  // A child that dies early breaks the pipe; its exit says so.
  child.stdin.on('error', () => undefined);
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-stderrShown);
  });
  const end = (): void => void child.kill('SIGKILL');
  return {
    end,
    async run(making) {
      let timer: NodeJS.Timeout | undefined;
      try {
        const request = await making;
        timer = setTimeout(end, request.timeoutMs + slackMs);
        child.stdin.write(`${JSON.stringify(request)}\n`);
        const [code, signal] = await closed;
        return resultOf(Buffer.concat(stdout).toString('utf8'), request, { how: signal ?? `code ${code}`, signal, stderr });
      } finally {
        clearTimeout(timer);
        end();
      }
    },
  };
}

function resultOf(
  text: string,
  { timeoutMs }: AdHocRequest,
  { how, signal, stderr }: { how: string; signal: NodeJS.Signals | null; stderr: string },
): AdHocResult {
  if (text === '')
    throw new Failure(
      signal === 'SIGKILL' ? 'timeout' : 'unavailable',
      `The query's process ended (${how}) before it answered: it took too long or too much memory. ${stderr}`.trim(),
    );
  const { result, failure } = JSON.parse(text) as { result?: AdHocResult; failure?: { kind: FailureKind; message: string } };
  if (failure === undefined) return result!;
  throw new Failure(
    failure.kind,
    failure.kind === 'timeout' ? `The query took longer than ${timeoutMs} ms and was ended.` : failure.message,
  );
}
