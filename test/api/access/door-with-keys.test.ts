import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Scope } from '#domain/keys/scopes.ts';
import { scopes } from '#domain/keys/scopes.ts';
import { kinds } from '#domain/kinds/list.ts';
import { exampleRows } from '#domain/kinds/samples.ts';
import { createKey } from '#keys/create-key.ts';
import { revokeKey } from '#keys/revoke-key.ts';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { waitFor } from '#test/support/servers.ts';

/** Revoked and expired keys stop within this. */
const stopMs = 3_000;
const door = await openLockedDoor();
after(() => door.close());
const all = await door.makeKey({ name: 'all' });
const bodies = {
  pin: JSON.stringify(pin()),
  geo: '{"records":[{"value":{"ind":1,"country":"Peru"}}]}',
};
const topicsType = 'application/vnd.kafka.json.v2+json';
const bearer = (key: string): Record<string, string> => ({ Authorization: `Bearer ${key}` });

describe('a door that asks for keys', () => {
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/login', '/docs'])
    test(`lets everyone see ${path}`, async () => {
      assert.equal((await fetch(door.url + path)).status, 200);
    });

  for (const [method, path, status] of [
    ['GET', '/metrics', 401],
    ['GET', '/api/status', 401],
    ['GET', '/api/keys', 401],
    ['POST', '/api/keys', 401],
    ['DELETE', '/api/keys/x', 401],
    ['POST', '/pin/', 401],
    ['POST', '/topics/x.geo', 401],
    ['PUT', '/streams/x.pin/record', 401],
  ] as const)
    test(`asks for a key at ${method} ${path}`, async () => {
      const init =
        method === 'GET' || method === 'DELETE' ? { method } : { method, body: '{}', headers: { 'Content-Type': 'application/json' } };
      const answer = await fetch(door.url + path, init);
      assert.equal(answer.status, status);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
      assert.match(await answer.text(), /Authorization: Bearer/);
    });

  test('knows no key that it did not make', async () => {
    for (const key of ['', 'x', 'pfk_', all.key.slice(0, -1), `${all.key}x`, `pfk_${all.apiKey.id}_${'A'.repeat(43)}`, all.apiKey.id]) {
      const answer = await door.postPin(bearer(key));
      assert.equal(answer.status, 401, key);
      await answer.arrayBuffer();
    }
  });

  for (const [what, headers] of [
    ['Authorization: Bearer', bearer(all.key)],
    ['authorization: bearer', { authorization: `bearer ${all.key}` }],
    ['X-API-Key', { 'X-API-Key': all.key }],
  ] as [string, Record<string, string>][])
    test(`takes the key as ${what}`, async () => {
      const answer = await door.post('/pin/', bodies.pin, 'application/json', headers);
      assert.equal(answer.status, 200, await answer.text());
    });

  test('puts the id of the key on the record', async () => {
    const answer = await door.post('/topics/x.pin', `{"records":[{"value":${bodies.pin}}]}`, topicsType, bearer(all.key));
    const { offsets } = (await answer.json()) as { offsets: { partition: number; offset: number }[] };
    const records = await readRecords(door.kafka, door.topics, door.names.topicOf('pin'));
    const record = records.find(({ partition, offset }) => partition === offsets[0]!.partition && offset === offsets[0]!.offset);
    assert.equal(record?.headers.find(([name]) => name === 'key-id')?.[1].toString(), all.apiKey.id);
  });
});

describe('scopes', () => {
  type Ask = (key: string) => Promise<Response>;
  const append = kinds.map((kind): [Scope, Ask] => {
    const body = JSON.stringify({ records: [{ value: exampleRows[kind] }] });
    return [`append:${kind}`, (key) => door.post(`/topics/x.${kind}`, body, topicsType, bearer(key))];
  });
  const asked: Record<string, Ask> = {
    ...Object.fromEntries(append),
    read: (key) => door.ask(key, '/api/keys'),
    operate: (key) =>
      door.ask(key, '/api/keys', {
        method: 'POST',
        body: '{"name":"made","scopes":["operate"],"expires":"1s"}',
        headers: { 'Content-Type': 'application/json' },
      }),
  };
  for (const scope of scopes)
    test(`${scope} lets a key do that and nothing else`, async () => {
      const { key } = await door.makeKey({ scopes: [scope] });
      for (const [other, ask] of Object.entries(asked)) {
        const answer = await ask(key);
        const text = await answer.text();
        if (other === scope) assert.ok(answer.ok, text);
        else {
          assert.equal(answer.status, 403, `${other}: ${text}`);
          assert.match(text, new RegExp(`lacks the scope ${other}`));
        }
      }
    });
});

test('a key that was made a moment ago is taken at once, and what else is wrong is said', async () => {
  const { key } = await createKey(door.postgres, { name: 'fresh', scopes: ['append:geo'] });
  const answers = await Promise.all([
    door.post('/topics/x.geo', bodies.geo, topicsType, bearer(key)),
    door.post('/pin/', bodies.pin, 'application/json', bearer(key)),
    door.post('/topics/x.other', bodies.geo, topicsType, bearer(key)),
    door.post('/topics/x.geo', bodies.geo, topicsType, bearer(`pfk_zzzzzzzz_${'A'.repeat(43)}`)),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 403, 404, 401],
  );
});

describe('rotation', () => {
  test('two keys of a name are valid side by side, and revoking one leaves the other', async () => {
    const old = await door.makeKey({ name: 'collector', scopes: ['append:pin'] });
    const next = await door.makeKey({ name: 'collector', scopes: ['append:pin'] });
    const statusOf = async (key: string): Promise<number> => (await door.post('/pin/', bodies.pin, 'application/json', bearer(key))).status;
    assert.deepEqual([await statusOf(old.key), await statusOf(next.key)], [200, 200]);
    await revokeKey(door.postgres, old.apiKey.id);
    await waitFor(async () => (await statusOf(old.key)) === 401, { what: 'the revoked key to be refused', timeoutMs: stopMs });
    assert.equal(await statusOf(next.key), 200);
  });

  test('a key stops when it expires', async () => {
    const { key } = await door.makeKey({ expires: '1s' });
    await waitFor(async () => (await door.ask(key, '/api/keys')).status === 401, { what: 'the key to expire', timeoutMs: stopMs });
  });
});

test('when a key was used last is kept', async () => {
  const { key, apiKey } = await door.makeKey();
  await door.ask(key, '/api/keys');
  await waitFor(
    async () => {
      const [row] = await door.postgres.query<{ last_used_at: Date | null }>('SELECT last_used_at FROM pinflow.api_key WHERE id = $1', [
        apiKey.id,
      ]);
      return row?.last_used_at ?? false;
    },
    { what: 'the last use to be written' },
  );
});

test('metrics count keys by state and events by key', async () => {
  const { key, apiKey } = await door.makeKey();
  await door.post('/pin/', bodies.pin, 'application/json', bearer(key));
  const text = await (await door.ask(key, '/metrics')).text();
  assert.match(text, /^pinflow_api_keys\{state="valid"\} \d+$/m);
  assert.match(text, new RegExp(`^pinflow_door_key_events_total\\{key="${apiKey.id}"\\} 1$`, 'm'));
});
