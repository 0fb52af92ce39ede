import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createInterface } from 'node:readline';
import { unwatched } from '#activities/batch/progress.ts';
import { cleanUp } from '#activities/cleanup/make-cleanup-activities.ts';
import { sweepAll } from '#activities/cleanup/sweep.ts';
import type { Config } from '#adapters/config.ts';
import type { S3 } from '#adapters/s3.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeIdempotencyStore } from '#api/door/idempotency-store.ts';
import { Failure } from '#domain/failures.ts';
import { cleanUpCounted } from '#test/activities/cleanup/rows.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/** An hour of retention: rows that are 61 minutes old are out of it, rows of 59 are in. */
const hour = { retentionIdempotencyHours: 1, retentionRefusalDays: 1 / 24 };
let config: Config;
let postgres: Postgres;
/** No target here looks into the bucket. */
const s3 = {} as S3;
before(async () => {
  config = await testConfig(hour);
  postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
});
after(() => postgres.close());

/** Rows of each table, `minutes` old; keys say how old. */
const lay = {
  idempotency: (rows: number, minutes: number) =>
    postgres.execute(
      `INSERT INTO pinflow.idempotency (key_id, route, key, hash, event_id, created_at, claimed_at, status, body)
       SELECT 'k', 'pin', $2::int || '-' || i, '\\x00', 'event', now() - make_interval(mins => $2::int), now() - make_interval(mins => $2::int), 200, '\\x7b7d'
       FROM generate_series(1, $1::int) i`,
      [rows, minutes],
    ),
  door_refusal: (rows: number, minutes: number) =>
    postgres.execute(
      `INSERT INTO pinflow.door_refusal (minute, route, status, reason, key_id, source, kind, count, last_at, last_request_id, last_message, last_client)
       SELECT now() - make_interval(mins => $2::int), 'pin', 422, 'r', '', i::text, 'pin', 1, now(), '', '', '' FROM generate_series(1, $1::int) i`,
      [rows, minutes],
    ),
};
const count = async (table: string): Promise<number> =>
  (await postgres.query<{ n: number }>(`SELECT count(*) AS n FROM pinflow.${table}`))[0]!.n;

for (const target of ['idempotency', 'door_refusal'] as const) {
  describe(target, () => {
    beforeEach(() => postgres.execute(`TRUNCATE pinflow.${target}, pinflow.cleanup`));

    test('what is out of retention goes in small deletes, what is in it stays', async () => {
      await lay[target](1_050, 61);
      await lay[target](70, 59);
      assert.deepEqual(await cleanUpCounted({ config, postgres }, target), { removed: 1_050, isDone: true, steps: 11 });
      assert.equal(await count(target), 70);
      assert.deepEqual(await cleanUpCounted({ config, postgres }, target), { removed: 0, isDone: true, steps: 1 });
    });

    test('it keeps pace: a call removes all that is old however much more was written, in steps of the same size', async () => {
      for (const rows of [1_000, 10_000]) {
        await lay[target](rows, 61);
        assert.deepEqual(await cleanUpCounted({ config, postgres }, target), { removed: rows, isDone: true, steps: rows / 100 + 1 });
      }
    });

    test('two at once remove each row once', async () => {
      await lay[target](2_000, 61);
      await lay[target](10, 59);
      const swept = await Promise.all([cleanUpCounted({ config, postgres }, target), cleanUpCounted({ config, postgres }, target)]);
      // Who meets rows that the other has ends; a run that is alone finds the rest.
      const rest = await cleanUpCounted({ config, postgres }, target);
      assert.equal(swept[0].removed + swept[1].removed + rest.removed, 2_000);
      assert.equal(await count(target), 10);
    });

    test('a call whose time is over says that there is more, and the next goes on', async () => {
      await lay[target](300, 61);
      assert.deepEqual(await cleanUpCounted({ config, postgres }, target, { budgetMs: 0 }), { removed: 100, isDone: false, steps: 1 });
      assert.equal((await cleanUpCounted({ config, postgres }, target)).removed, 200);
      const [account] = await postgres.query(`SELECT target, removed, removed_total, problem FROM pinflow.cleanup`);
      assert.deepEqual(account, { target, removed: 300, removed_total: 300, problem: null });
    });
  });
}

test('a process that is killed between its deletes leaves the rest to the next', async () => {
  await lay.idempotency(5_000, 61);
  await lay.idempotency(5, 59);
  await killedAfter(3);
  const left = await count('idempotency');
  assert.ok(left > 5 && left <= 5_005 - 3 * 10, `${left} rows are left`);
  assert.equal((await cleanUpCounted({ config, postgres }, 'idempotency')).removed, left - 5);
  assert.equal(await count('idempotency'), 5);
});

test('a request that takes an old key over while it is cleaned up keeps its claim', async () => {
  await postgres.execute('TRUNCATE pinflow.idempotency');
  await lay.idempotency(600, 61);
  const store = makeIdempotencyStore(postgres, 3_600_000);
  const claims = Array.from({ length: 200 }, (_, i) =>
    store.claim({ keyId: 'k', route: 'pin', key: `61-${3 * i + 1}`, hash: Buffer.from([1]) }, `new-${i}`, true),
  );
  const [{ removed }, ...claimed] = await Promise.all([cleanUpCounted({ config, postgres }, 'idempotency', { rowsMax: 7 }), ...claims]);
  assert.ok(claimed.every(({ found }) => found === 'claimed'));
  const rest = await cleanUpCounted({ config, postgres }, 'idempotency');
  assert.ok(removed + rest.removed >= 400);
  const kept = await postgres.query<{ event_id: string }>('SELECT event_id FROM pinflow.idempotency');
  assert.deepEqual(kept.map(({ event_id }) => event_id).toSorted(), Array.from({ length: 200 }, (_, i) => `new-${i}`).toSorted());
});

for (const [what, kind] of [
  ['takes too long', 'timeout'],
  ['waits too long for locks', 'conflict'],
] as const)
  test(`a step that ${what} is tried with half the rows, down to one`, async () => {
    const tried: number[] = [];
    const swept = await sweepAll(
      async (rowsMax) => {
        tried.push(rowsMax);
        if (rowsMax > 3) throw new Failure(kind, 'too long');
        return { removed: rowsMax, isDone: tried.length > 4 };
      },
      { rowsMax: 10, budgetMs: 60_000 },
      unwatched,
    );
    assert.deepEqual([tried, swept], [[10, 5, 3, 3, 3], { removed: 9, isDone: true }]);
    const never = sweepAll(() => Promise.reject(new Failure(kind, 'too long')), { rowsMax: 4, budgetMs: 60_000 }, unwatched);
    await assert.rejects(never, /too long/);
  });

test('what fails is noted for people, and a target that this code does not know is refused', async () => {
  const broken = {
    ...postgres,
    execute: (sql: string, parameters?: readonly unknown[]) =>
      /DELETE/.test(sql) ? Promise.reject(new Failure('denied', 'No rights.')) : postgres.execute(sql, parameters),
  };
  await assert.rejects(cleanUp({ config, postgres: broken, s3 }, { target: 'idempotency', run: 'r' }, unwatched), /No rights/);
  const [row] = await postgres.query<{ problem: string }>(`SELECT problem FROM pinflow.cleanup WHERE target = 'idempotency'`);
  assert.equal(row?.problem, 'denied: No rights.');
  await assert.rejects(
    cleanUp({ config, postgres, s3 }, { target: 'other', run: 'r' }, unwatched),
    (error: Failure) => error.kind === 'configuration' && /knows no clean-up of other/.test(error.message),
  );
});

/** kill -9 of a process that cleans up in steps of ten, when it has said so many times that a step is done. */
async function killedAfter(steps: number): Promise<void> {
  const program = `
    const { cleanUp } = await import('#activities/cleanup/make-cleanup-activities.ts');
    const { makePostgres } = await import('#adapters/postgres.ts');
    const postgres = makePostgres({ url: ${JSON.stringify(config.postgresUrl)}, applicationName: 'pinflow-dies' });
    const progress = { signal: new AbortController().signal, beat: () => console.log('step') };
    await cleanUp({ config: ${JSON.stringify(hour)}, postgres }, { target: 'idempotency', run: 'dies' }, progress, { rowsMax: 10, budgetMs: 60_000 });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = 0;
  createInterface({ input: child.stdout }).on('line', () => ++seen === steps && child.kill('SIGKILL'));
  const [, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once('exit', (...end) => resolve(end)));
  assert.equal(signal, 'SIGKILL', 'the process was done before it was killed');
  // Postgres commits what it was sent before it sees that nobody is there.
  const stays = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pinflow-dies'`;
  await waitFor(async () => (await postgres.query(stays)).length === 0, { what: 'Postgres to let the dead process go' });
}
