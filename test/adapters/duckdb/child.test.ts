import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callerEnvironment } from '#adapters/config.ts';
import { runInChild } from '#adapters/duckdb/child.ts';
import { Failure } from '#domain/failures.ts';

const settings = { threads: 1, memoryLimit: '200MB' };
// A row at a time out of a cross product: minutes of work.
const endless = 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1';

describe('a DuckDB child', () => {
  test('runs steps and returns the rows that were asked for', async () => {
    const rows = await runInChild({
      settings,
      steps: [
        { sql: 'CREATE TABLE t AS SELECT range AS n FROM range(3)' },
        { sql: 'SELECT sum(n) AS n FROM t', returnRows: true },
        { sql: `SELECT 'é\n"' AS text, TIMESTAMPTZ '2020-01-01 00:00:00+01' AS at`, returnRows: true },
      ],
    });
    assert.deepEqual(rows, [[{ n: 3 }], [{ text: 'é\n"', at: '2019-12-31T23:00:00.000000Z' }]]);
  });

  test("passes the engine's failures on by kind", async () => {
    await assert.rejects(
      runInChild({ settings, steps: [{ sql: 'SELECT nothing' }] }),
      (error) => error instanceof Failure && error.kind === 'fault' && error.message.includes('nothing'),
    );
    await assert.rejects(
      runInChild({
        settings,
        steps: [{ sql: 'SELECT max(s) FROM (SELECT repeat(range::VARCHAR, 100) AS s FROM range(50000000) GROUP BY ALL)' }],
      }),
      (error) => error instanceof Failure && error.kind === 'exhausted',
    );
  });

  test('quotes no data unless told', async () => {
    const steps = [{ sql: `SELECT CAST('secret-' || range AS INTEGER) FROM range(1)` }];
    await assert.rejects(
      runInChild({ settings, steps }),
      (error) => error instanceof Failure && !`${error.message}${String(error.cause)}`.includes('secret'),
    );
    await assert.rejects(
      runInChild({ settings: { ...settings, showData: true }, steps }),
      (error) => error instanceof Failure && error.message.includes('secret-0'),
    );
  });

  test('is killed by an abort', async () => {
    const controller = new AbortController();
    const running = runInChild({ settings, steps: [{ sql: endless }] }, { signal: controller.signal });
    const pid = await untilValue(() => childrenOf(process.pid).find((child) => commandOf(child).includes('child-main')));
    controller.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
    assert.ok(!isAlive(pid));
  });

  test('is not even started when aborted before', async () => {
    await assert.rejects(runInChild({ settings, steps: [] }, { signal: AbortSignal.abort(new Error('before')) }), /before/);
  });

  test('has a wall limit', async () => {
    await assert.rejects(
      runInChild({ settings, steps: [{ sql: endless }] }, { timeoutMs: 1_000 }),
      (error) => error instanceof Failure && error.kind === 'timeout',
    );
  });

  test('that crashes is reported as unavailable', async () => {
    const running = runInChild({ settings, steps: [{ sql: endless }] });
    const reported = assert.rejects(
      running,
      (error) => error instanceof Failure && error.kind === 'unavailable' && error.canRetry && error.message.includes('SIGSEGV'),
    );
    const pid = await untilValue(() => childrenOf(process.pid).find((child) => commandOf(child).includes('child-main')));
    process.kill(pid, 'SIGSEGV');
    await reported;
  });

  test('ends when its parent dies', async () => {
    const script = `import { runInChild } from ${JSON.stringify(new URL('../../../adapters/duckdb/child.ts', import.meta.url).href)};
      await runInChild(${JSON.stringify({ settings, steps: [{ sql: endless }] })});`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: 'inherit',
      cwd: fileURLToPath(new URL('../../../', import.meta.url)),
    });
    const pid = await untilValue(() => childrenOf(parent.pid!).find((child) => commandOf(child).includes('child-main')));
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await untilValue(() => (isAlive(pid) ? undefined : true));
  });

  test("sees nothing of this process's environment", async () => {
    const ours = Object.keys(callerEnvironment()).filter((name) => name !== 'TZ');
    assert.ok(ours.includes('PATH'), 'there is something to see');
    const controller = new AbortController();
    const running = runInChild({ settings, steps: [{ sql: endless }] }, { signal: controller.signal });
    const pid = await untilValue(() => childrenOf(process.pid).find((child) => commandOf(child).includes('child-main')));
    const seen = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    controller.abort(new Error('seen'));
    await assert.rejects(running, /seen/);
    assert.deepEqual(
      seen.filter((entry) => ours.includes(entry.split('=')[0] ?? '')),
      [],
    );
  });
});

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && statOf(Number(name))?.parent === parent)
    .map(Number);
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A zombie is dead: who should bury it may be slow. */
function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** Waits for a state that only the system knows, with a bound. */
async function untilValue<T>(look: () => T | undefined): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('waited 10 s for a process to appear or go');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
