import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { IdempotencyQuota } from '#api/door/idempotency-quota.ts';
import { makeIdempotencyQuota } from '#api/door/idempotency-quota.ts';
import type { IdempotencyKeeper } from '#api/door/idempotency.ts';
import { makeIdempotency } from '#api/door/idempotency.ts';
import { cleanUpCounted } from '#test/activities/cleanup/rows.ts';
import { quietLog } from '#test/support/environment.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/** A process of the API: its own count, the table of all. */
type Door = { idempotency: IdempotencyKeeper; quota: IdempotencyQuota };
const keepMs = 3_600_000;
const bytesMax = 10_000;
const config = await testConfig({ retentionIdempotencyHours: 1 });
let postgres: Postgres;
let door: Door;
const opened: Door[] = [];

before(async () => {
  postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
});
beforeEach(async () => {
  // What a door of the test before has not written yet must not come in between.
  for (const { idempotency } of opened.splice(0)) await idempotency.close();
  await postgres.execute('TRUNCATE pinflow.idempotency, pinflow.idempotency_use');
  door = openDoor();
});
after(async () => {
  for (const { idempotency } of opened) await idempotency.close();
  await postgres.close();
});

function openDoor(): Door {
  const quota = makeIdempotencyQuota({ statements: postgres, log: quietLog, keepMs, bytesMax });
  const idempotency = makeIdempotency({
    statements: postgres,
    log: quietLog,
    count: () => undefined,
    keepMs,
    answerBytesMax: 5_000,
    quota,
  });
  const one = { idempotency, quota };
  opened.push(one);
  return one;
}

async function send(key: string, { keyId = 'a', status = 200, bytes = 700, by = door } = {}): Promise<string> {
  const said = await by.idempotency.once({ keyId, route: 'pin', key, hash: Buffer.from([1]) }, async () =>
    answerJson(status, 'x'.repeat(bytes)),
  );
  return 'reason' in said ? said.reason : 'Idempotency-Replayed' in said.headers ? 'replayed' : String(said.status);
}
/** The first may be a write that was under way, and has not what came since. */
async function written({ quota } = door): Promise<void> {
  await quota.flush();
  await quota.flush();
}
/** Sends until there is no room. */
async function fill(prefix: string, options: Parameters<typeof send>[1] = {}): Promise<number> {
  for (let sent = 0; sent < 100; sent++) if ((await send(`${prefix}${sent}`, options)) === 'idempotency_quota') return sent;
  throw new Error('one key may have more than 100 rows');
}

test('a key that has its share kept gets no more; it is answered what it has, and others are taken', async () => {
  assert.equal(await fill('k'), bytesMax / 1_000);
  assert.equal(await send('k3'), 'replayed');
  assert.equal(await send('other', { keyId: 'b' }), '200');
  assert.equal((await postgres.query(`SELECT 1 FROM pinflow.idempotency WHERE key_id = 'a'`)).length, bytesMax / 1_000);
});

test('what another process keeps counts, and what was kept before a restart', async () => {
  await fill('k');
  await written();
  const other = openDoor();
  assert.equal(await send('first', { by: other }), '200', 'before it has read the account');
  await written(other);
  assert.equal(await send('second', { by: other }), 'idempotency_quota');
});

test('what is given back, and the body of an answer that is too large, do not count', async () => {
  for (let i = 0; i < 50; i++) assert.equal(await send(`busy${i}`, { status: 503 }), '503');
  for (let i = 0; i < 20; i++) assert.equal(await send(`large${i}`, { bytes: 5_001 }), '200');
  await written();
  const [use] = await postgres.query<{ bytes: number }>(`SELECT sum(bytes)::bigint AS bytes FROM pinflow.idempotency_use`);
  assert.equal(use?.bytes, 20 * 300);
});

test('what is out of retention makes room, and the clean-up removes it', async () => {
  await fill('k');
  await written();
  await postgres.execute(`UPDATE pinflow.idempotency_use SET hour = hour - interval '3 hours'`);
  await postgres.execute(`UPDATE pinflow.idempotency SET created_at = created_at - interval '3 hours'`);
  await written();
  assert.equal(await send('k0'), '200', 'a new request with the key of an old one');
  assert.equal(await send('fresh'), '200', 'a new row');
  await written();
  assert.equal((await cleanUpCounted({ config, postgres }, 'idempotency_use')).removed, 1);
  assert.equal((await cleanUpCounted({ config, postgres }, 'idempotency')).removed, bytesMax / 1_000 - 1);
  const [use] = await postgres.query<{ bytes: number }>(`SELECT bytes FROM pinflow.idempotency_use`);
  assert.equal(use?.bytes, 2_000);
});

test('while Postgres does not take the count it waits, and holds', async () => {
  let away = true;
  const quota = makeIdempotencyQuota({
    statements: { query: (sql, parameters) => (away ? Promise.reject(new Error('away')) : postgres.query(sql, parameters)) },
    log: quietLog,
    keepMs,
    bytesMax,
  });
  quota.add('a', bytesMax);
  await quota.flush();
  assert.equal(quota.hasRoom('a'), false);
  away = false;
  await quota.close();
  const [use] = await postgres.query<{ bytes: number }>(`SELECT bytes FROM pinflow.idempotency_use WHERE key_id = 'a'`);
  assert.equal(use?.bytes, bytesMax);
});
