import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Abandoned } from '#interventions/abandon.ts';
import type { LedgerInterval } from '#questions/list-intervals.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeS3 } from '#adapters/s3.ts';
import { environmentOf } from '#test/api/start-api.ts';
import type { CliResult } from '#test/cli/run-cli.ts';
import { runCli } from '#test/cli/run-cli.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const config = await testConfig();
const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 2 });
after(() => postgres.close());
const batch = (...args: string[]): Promise<CliResult> => runCli('cli/pinflow.ts', ['batch', ...args], environmentOf(config));
const list = async (...args: string[]): Promise<LedgerInterval[]> =>
  (JSON.parse((await batch('list', '--json', ...args)).stdout) as { intervals: LedgerInterval[] }).intervals;
const [held, running, complete] = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z'] as const;

test('before the set-up one sentence says what to run', async () => {
  const { code, stderr } = await batch('list');
  assert.deepEqual(
    { code, stderr },
    { code: 1, stderr: 'pinflow: The database has no ledger of intervals yet: run node workers/setup.ts.\n' },
  );
  await migrate(postgres);
  assert.equal((await batch('list')).stdout, 'No interval has closed yet.\n');
  await postgres.execute(
    `INSERT INTO pinflow.interval (start, "end", state, problem, attempts, failures)
     SELECT start, start + interval '1 hour', state, problem, 5, 5
     FROM (VALUES ($1::timestamptz, 'held', 'check_failed: x'), ($2, 'running', NULL), ($3, 'complete', NULL)) AS given (start, state, problem)`,
    [held, running, complete],
  );
});

test('list shows intervals with what is the matter', async () => {
  assert.deepEqual(
    (await list()).map(({ start, state }) => [start, state]),
    [
      [complete, 'complete'],
      [running, 'running'],
      [held, 'held'],
    ],
  );
  assert.deepEqual(
    (await list('--state', 'open', '--limit', '1')).map(({ start }) => start),
    [running],
  );
  assert.match((await batch('list', '--state', 'held')).stdout, /^2026-01-01T00:00:00Z +held +5 +check_failed: x$/m);
});

describe('retry', () => {
  for (const [args, code, problem] of [
    [[], 2, /^pinflow: Name the start of an interval, or give --held\./],
    [['noon'], 2, /^pinflow: interval: must be the start of an interval in RFC 3339, such as 2026-/],
    [['2026-13-01T00:00:00Z'], 2, /RFC 3339/],
    [['--held', '--why', 'x'], 2, /unknown option '--why'/],
    [['2001-01-01T00:00:00Z'], 1, /^pinflow: There is no interval that starts at 2001-01-01T00:00:00Z/],
    [[running], 1, /^pinflow: Interval 2026-01-01T01:00:00Z runs right now/],
    [[held, complete], 1, /^pinflow: Interval 2026-01-01T02:00:00Z is complete/],
  ] as [string[], number, RegExp][])
    test(`${args.join(' ') || 'nothing'} ends with ${code}`, async () => {
      const result = await batch('retry', ...args);
      assert.deepEqual({ code: result.code, stdout: result.stdout }, { code, stdout: '' });
      assert.match(result.stderr, problem);
    });

  test('lets go what is held, once it is asked in earnest', async () => {
    const dry = await batch('retry', '--held', '--dry-run');
    assert.deepEqual(dry, { code: 0, stdout: `Would try interval ${held} again, which is held: check_failed: x\n`, stderr: '' });
    assert.equal((await list('--state', 'held')).length, 1);
    const { code, stdout } = await batch('retry', held, '--reason', 'mended', '--json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      dryRun: false,
      started: true,
      intervals: [{ start: held, end: running, from: 'held', problem: 'check_failed: x' }],
    });
    const [freed] = await list('--state', 'cut');
    assert.deepEqual([freed?.start, freed?.failures, freed?.lastRetry?.reason], [held, 0, 'mended']);
    assert.match(freed?.lastRetry?.by ?? '', /^user ./);
    assert.deepEqual(await batch('retry', '--held'), { code: 0, stdout: 'No interval is held.\n', stderr: '' });
  });
});

describe('abandon', () => {
  const s3 = makeS3(config, 'abandon-by-hand');
  after(() => s3.close());
  const plan = {
    run: 'r1',
    cause: 'marts',
    changes: [{ table: 'm', columns: [], partitioned: false, replaces: 'all', files: [] }],
    codeVersion: '',
  };

  test('without a reason is wrong usage, and where nothing is pending there is nothing to abandon', async () => {
    assert.equal((await batch('abandon')).code, 2);
    assert.match((await batch('abandon', '--why', ' ')).stderr, /^pinflow: --why: must say why/);
    await s3.ensureBucket();
    await postgres.execute(`INSERT INTO pinflow.setting (key, value) VALUES ('bucket', 'abandon-by-hand')`);
    const { code, stderr } = await batch('abandon', '--why', 'x');
    assert.deepEqual({ code, stderr }, { code: 1, stderr: 'pinflow: No publish is pending: there is nothing to abandon.\n' });
  });

  test('lets go what is pending, once it is asked in earnest, and keeps who did it and why', async () => {
    await postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now(), tries = 3, problem = 'S3 says no.'`, [
      JSON.stringify(plan),
    ]);
    const dry = await batch('abandon', '--why', 'rights are lost', '--dry-run');
    assert.match(
      dry.stdout,
      /^Would let go the publish of run r1 of marts, .* \(3 tries to finish it failed, the last because: S3 says no\.\)/,
    );
    const { code, stdout } = await batch('abandon', '--why', 'rights are lost', '--run', 'r1', '--json');
    assert.equal(code, 0);
    const { run, why, by, tables, generation } = JSON.parse(stdout) as Abandoned;
    assert.deepEqual(
      { run, why, tables, generation },
      {
        run: 'r1',
        why: 'rights are lost',
        tables: [{ table: 'm', committed: null, notPutBack: [], columnsNotPutBack: false }],
        generation: 1,
      },
    );
    assert.match(by, /^user ./);
    assert.deepEqual(await postgres.query('SELECT why, abandoned_by, problem FROM pinflow.abandonment'), [
      { why: 'rights are lost', abandoned_by: by, problem: 'S3 says no.' },
    ]);
    assert.equal((await batch('abandon', '--why', 'x')).code, 1);
  });
});
