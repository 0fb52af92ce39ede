import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callerEnvironment } from '#adapters/config.ts';
import { runInChild } from '#adapters/duckdb/child.ts';
import type { ChildProgress } from '#adapters/duckdb/child-watch.ts';
import { Failure } from '#domain/failures.ts';
import { childOf, isAlive, untilValue } from '#test/support/duckdb-child.ts';

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
    const pid = await childOf(process.pid);
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

  test('that is stopped in the middle of its work is killed, and the failure names the statement and how long', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pinflow-'));
    const working = `-- a comment\nCOPY (SELECT range AS n FROM range(100000000000)) TO '${folder}/rows.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)`;
    let pid = 0;
    const running = runInChild(
      { settings, steps: [{ sql: 'SELECT 1' }, { sql: working }] },
      {
        stallMs: 1_500,
        onProgress({ step, bytesWritten }) {
          if (step === 2 && bytesWritten > 100_000) process.kill(pid, 'SIGSTOP');
        },
      },
    );
    const reported = assert.rejects(
      running,
      (error) =>
        error instanceof Failure &&
        error.kind === 'timeout' &&
        error.canRetry &&
        /stood still for 1\.5 s in statement 2 of 2 \(COPY \(SELECT range AS n FROM range\(100000000000\)\) TO/.test(error.message),
    );
    pid = await childOf(process.pid);
    await reported;
    assert.ok(!isAlive(pid));
    rmSync(folder, { recursive: true });
  });

  test('whose engine waits for ever is killed although the process lives', async () => {
    // A pipe that nobody writes into: the engine waits in the system, the rest of the process goes on. The limit leaves time to start.
    const fifo = join(mkdtempSync(join(tmpdir(), 'pinflow-')), 'fifo');
    execFileSync('mkfifo', [fifo]);
    await assert.rejects(
      runInChild({ settings, steps: [{ sql: `SELECT * FROM read_csv('${fifo}', columns = {a: 'VARCHAR'})` }] }, { stallMs: 4_000 }),
      (error) => error instanceof Failure && error.kind === 'timeout' && /stood still for 4 s in statement 1 of 1/.test(error.message),
    );
    rmSync(dirname(fifo), { recursive: true });
  });

  test('that is slow and moves is let be, and tells how far it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pinflow-'));
    const file = join(folder, 'rows.parquet');
    const seen: ChildProgress[] = [];
    const limitMs = 1_000;
    const startedAt = performance.now();
    // More work for the same rows until it takes several times the limit, on whatever machine.
    for (let rounds = 2; performance.now() - startedAt < limitMs * 3; rounds *= 2) {
      const hashed = Array.from({ length: rounds }, () => 'md5(').join('');
      await runInChild(
        {
          settings,
          steps: [
            {
              sql: `COPY (SELECT range AS n, ${hashed}range::VARCHAR${')'.repeat(rounds)} AS h FROM range(400000)) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 20480)`,
            },
            { sql: `SELECT count(DISTINCT h) AS n FROM '${file}'`, returnRows: true },
          ],
        },
        { stallMs: limitMs, onProgress: (progress) => void seen.push(progress) },
      );
    }
    rmSync(folder, { recursive: true });
    assert.ok(seen.length > 2, `${seen.length} words about progress`);
    assert.ok(
      seen.some(({ bytesWritten }) => bytesWritten > 1_000_000) && seen.every(({ steps }) => steps === 2),
      JSON.stringify(seen.at(-1)),
    );
  });

  test('that crashes is reported as such', async () => {
    const running = runInChild({ settings, steps: [{ sql: endless }] });
    const reported = assert.rejects(
      running,
      (error) => error instanceof Failure && error.kind === 'crashed' && error.canRetry && error.message.includes('SIGSEGV'),
    );
    const pid = await childOf(process.pid);
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
    const pid = await childOf(parent.pid!);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await untilValue(() => (isAlive(pid) ? undefined : true));
  });

  test("sees nothing of this process's environment but where compiled code lies", async () => {
    const ours = Object.keys(callerEnvironment()).filter((name) => !['TZ', 'NODE_COMPILE_CACHE'].includes(name));
    assert.ok(ours.includes('PATH'), 'there is something to see');
    const controller = new AbortController();
    const running = runInChild({ settings, steps: [{ sql: endless }] }, { signal: controller.signal });
    const pid = await childOf(process.pid);
    const seen = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    controller.abort(new Error('seen'));
    await assert.rejects(running, /seen/);
    assert.deepEqual(
      seen.filter((entry) => ours.includes(entry.split('=')[0] ?? '')),
      [],
    );
  });
});
