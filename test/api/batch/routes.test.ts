import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LedgerInterval } from '#questions/list-intervals.ts';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { waitFor } from '#test/support/servers.ts';

const door = await openLockedDoor();
after(() => door.close());
const reader = await door.makeKey({ scopes: ['read'] });
const operator = await door.makeKey({ scopes: ['operate', 'read'] });
const held = '2026-01-01T00:00:00Z';
await door.postgres.execute(
  `INSERT INTO pinflow.interval (start, "end", state, problem) VALUES ($1, $1::timestamptz + interval '1 hour', 'held', 'check_failed: x'),
     ($1::timestamptz + interval '1 hour', $1::timestamptz + interval '2 hours', 'running', NULL)`,
  [held],
);
const list = async (query = ''): Promise<LedgerInterval[]> =>
  ((await (await door.ask(reader.key, `/api/batch/intervals${query}`)).json()) as { intervals: LedgerInterval[] }).intervals;
const retry = (key: string, wish: object): Promise<Response> =>
  door.ask(key, '/api/batch/retry', { method: 'POST', body: JSON.stringify(wish), headers: { 'Content-Type': 'application/json' } });
const metrics = async (): Promise<string> => (await door.ask(reader.key, '/metrics')).text();

test('the ledger is read with the scope read', async () => {
  assert.deepEqual(
    (await list('?state=held')).map(({ start, problem }) => [start, problem]),
    [[held, 'check_failed: x']],
  );
  assert.equal((await list('?state=open&limit=1'))[0]?.state, 'running');
  assert.equal((await door.ask(reader.key, '/api/batch/intervals?limit=1001')).status, 422);
  assert.equal((await fetch(`${door.url}/api/batch/intervals`)).status, 401);
  assert.match(await metrics(), /^pinflow_batch_intervals\{state="held"\} 1$/m);
  assert.match(await metrics(), /^pinflow_batch_oldest_open_seconds [1-9]\d+/m);
});

test('a retry needs the scope operate, and what it cannot do changes nothing', async () => {
  assert.equal((await retry(reader.key, { held: true })).status, 403);
  const busy = await retry(operator.key, { held: true, intervals: ['2026-01-01T01:00:00Z'] });
  assert.equal(busy.status, 409);
  assert.match(await busy.text(), /runs right now/);
  assert.match(await (await retry(operator.key, {})).text(), /names nothing/);
  assert.equal((await retry(operator.key, { intervals: ['2001-01-01T00:00:00Z'] })).status, 404);
  assert.equal((await list('?state=held')).length, 1);
});

test('a retry lets go, and keeps which key asked', async () => {
  const answer = await retry(operator.key, { held: true, reason: 'mended' });
  assert.equal(answer.status, 200);
  const { started, intervals } = (await answer.json()) as { started: boolean; intervals: unknown[] };
  assert.deepEqual([started, intervals.length], [true, 1]);
  const [freed] = await list('?state=cut');
  assert.deepEqual([freed?.lastRetry?.by, freed?.lastRetry?.reason], [`key ${operator.apiKey.id}`, 'mended']);
  await waitFor(async () => /^pinflow_batch_intervals\{state="held"\} 0$/m.test(await metrics()), { what: 'the gauge to follow' });
});

test('a publish is let go with the scope operate, and the key that asked is kept', async () => {
  const abandon = (key: string, wish: object): Promise<Response> =>
    door.ask(key, '/api/batch/abandon', { method: 'POST', body: JSON.stringify(wish), headers: { 'Content-Type': 'application/json' } });
  assert.equal((await abandon(reader.key, { why: 'x' })).status, 403);
  assert.equal((await abandon(operator.key, {})).status, 422);
  assert.equal((await abandon(operator.key, { why: 'x' })).status, 404);
  const plan = { run: 'r1', cause: 'marts', changes: [], codeVersion: '' };
  await door.postgres.execute(`INSERT INTO pinflow.setting (key, value) VALUES ('bucket', $1)`, ['abandon-over-http']);
  await door.postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now() - interval '9 seconds'`, [
    JSON.stringify(plan),
  ]);
  assert.equal((await abandon(operator.key, { why: 'x' })).status, 409, 'nobody failed at it yet');
  await waitFor(async () => /^pinflow_lake_pending_seconds (9|\d\d)$/m.test(await metrics()), { what: 'the gauge to follow' });
  assert.match(await metrics(), /^pinflow_mart_failures\{mart="pins_per_category"\} 0$/m);
  await door.postgres.execute(`UPDATE pinflow.lake_lock SET tries = 1, problem = 'S3 says no.'`);
  const answer = await abandon(operator.key, { why: 'rights are lost' });
  assert.equal(answer.status, 200);
  assert.deepEqual(await door.postgres.query('SELECT why, abandoned_by FROM pinflow.abandonment'), [
    { why: 'rights are lost', abandoned_by: `key ${operator.apiKey.id}` },
  ]);
});

test('without a ledger the gauges are absent, and the scrape brings the rest', async () => {
  await door.postgres.execute('ALTER TABLE pinflow.interval RENAME TO interval_away');
  await waitFor(async () => !(await metrics()).includes('\npinflow_batch_intervals{'), { what: 'the gauge to go' });
  const text = await metrics();
  assert.doesNotMatch(text, /^pinflow_batch_oldest_open_seconds \d/m);
  assert.match(text, /^pinflow_door_in_flight_events 0$/m);
});
