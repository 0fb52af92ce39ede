import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { after, describe, test } from 'node:test';
import type { ApiKey } from '#keys/keys-table.ts';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { waitFor } from '#test/support/servers.ts';

const door = await openLockedDoor({ apiRateEvents: 0 });
after(() => door.close());
const operator = await door.makeKey({ name: 'operator' });
const json = { 'Content-Type': 'application/json' };
const create = (body: unknown, key = operator.key): Promise<Response> =>
  door.ask(key, '/api/keys', { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: json });
const list = async (query = ''): Promise<ApiKey[]> =>
  ((await (await door.ask(operator.key, `/api/keys${query}`)).json()) as { keys: ApiKey[] }).keys;

describe('/api/keys', () => {
  test('POST makes a key that is valid at once, and shows it this once', async () => {
    const answer = await create({ name: 'made', scopes: ['append:pin'], eventsPerSecond: 7, expires: '1h' });
    assert.equal(answer.status, 201);
    const { key, ...apiKey } = (await answer.json()) as ApiKey & { key: string };
    assert.equal((await door.post('/pin/', '{}', 'application/json', { 'X-API-Key': key })).status, 422);
    const { lastUsedAt: _lastUsedAt, ...listed } = (await list()).find(({ id }) => id === apiKey.id)!;
    const { lastUsedAt: _never, ...made } = apiKey;
    assert.deepEqual(listed, made);
    const text = await (await door.ask(operator.key, '/api/keys?all=true')).text();
    assert.ok(!text.includes(key));
    assert.doesNotMatch(text, /[0-9a-f]{64}/);
  });

  test('DELETE revokes, also twice, and at once in the process that did it', async () => {
    const { key, ...apiKey } = (await (await create({ name: 'gone', scopes: ['read'] })).json()) as ApiKey & { key: string };
    for (let i = 0; i < 2; i++) {
      const answer = await door.ask(operator.key, `/api/keys/${apiKey.id}`, { method: 'DELETE' });
      assert.equal(answer.status, 200);
      assert.equal(((await answer.json()) as ApiKey).state, 'revoked');
    }
    assert.equal((await door.ask(key, '/api/keys')).status, 401);
    assert.ok(!(await list()).some(({ id }) => id === apiKey.id));
    assert.equal((await list('?all=true')).find(({ id }) => id === apiKey.id)?.state, 'revoked');
    assert.equal((await door.ask(operator.key, '/api/keys/nobody', { method: 'DELETE' })).status, 404);
  });

  test('a key gives no scope that it lacks itself', async () => {
    const { key } = await door.makeKey({ scopes: ['operate'] });
    const answer = await create({ name: 'more', scopes: ['operate', 'read'] }, key);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /the scope read/);
    assert.equal((await create({ name: 'same', scopes: ['operate'] }, key)).status, 201);
  });

  test('a key makes none that may bring more than it may itself', async () => {
    const { key } = await door.makeKey({ scopes: ['operate'], eventsPerSecond: 5, bytesPerSecond: 1_000 });
    const wish = { name: 'rated', scopes: ['operate'], eventsPerSecond: 5, bytesPerSecond: 1_000 };
    const more: [more: object, problem: RegExp][] = [
      [{ eventsPerSecond: 6 }, /it has 5 eventsPerSecond, and the new one would have 6; send eventsPerSecond of 5 at most/],
      [{ eventsPerSecond: 0 }, /the new one would have no limit/],
      [{ eventsPerSecond: undefined }, /the new one would have no limit/],
      [{ bytesPerSecond: 1_001 }, /it has 1000 bytesPerSecond/],
    ];
    for (const [change, problem] of more) {
      const answer = await create({ ...wish, ...change }, key);
      assert.equal(answer.status, 403, JSON.stringify(change));
      assert.match(await answer.text(), problem);
    }
    assert.equal((await create(wish, key)).status, 201);
    assert.equal((await create({ ...wish, eventsPerSecond: 1 }, key)).status, 201);
  });

  test('a key that expires makes none that is valid for longer', async () => {
    const { key } = await door.makeKey({ scopes: ['operate'], expires: '1h' });
    for (const expires of [undefined, '2h']) {
      const answer = await create({ name: 'lasting', scopes: ['operate'], expires }, key);
      assert.equal(answer.status, 403);
      assert.match(await answer.text(), /it expires at 20\d\d-.*send expires with a span that ends before/);
    }
    assert.equal((await create({ name: 'lasting', scopes: ['operate'], expires: '59m' }, key)).status, 201);
  });

  test('a third valid key of a name is 409', async () => {
    for (const status of [201, 201, 409]) assert.equal((await create({ name: 'three', scopes: ['read'] })).status, status);
  });

  const bad: [body: unknown, problem: RegExp][] = [
    ['', /send \{/],
    ['[', /send \{/],
    [[], /send \{/],
    [{}, /name: .*scopes: /],
    [{ name: 'x', scopes: [] }, /scopes: must name one at least; known are append:pin/],
    [{ name: 'x', scopes: ['write'] }, /scopes: \\"write\\" is no scope; known are append:pin/],
    [{ name: 'x', scopes: ['read'], eventsPerSecond: -1 }, /eventsPerSecond: must not be below 0/],
    [{ name: 'x', scopes: ['read'], bytesPerSecond: 1.5 }, /bytesPerSecond: must be a whole number/],
    [{ name: 'x', scopes: ['read'], expires: 'soon' }, /expires: must be a span/],
    [{ name: 'x', scopes: ['read'], admin: true }, /admin/],
    [{ name: '__proto__ ', scopes: ['read'] }, /name: must be/],
  ];
  for (const [body, problem] of bad)
    test(`refuses ${JSON.stringify(body)}`, async () => {
      const answer = await create(body);
      const text = await answer.text();
      assert.equal(answer.status, 422, text);
      assert.match(text, problem);
    });

  test('takes JSON only, and says what it allows', async () => {
    const answer = await door.ask(operator.key, '/api/keys', { method: 'POST', body: '{}', headers: { 'Content-Type': 'text/plain' } });
    assert.equal(answer.status, 415);
    assert.equal((await door.ask(operator.key, '/api/keys', { method: 'PUT' })).headers.get('allow'), 'GET, HEAD, POST');
    assert.equal((await door.ask(operator.key, '/api/keys/x', { method: 'POST' })).headers.get('allow'), 'DELETE');
  });
});

describe('rates', () => {
  const pins = (count: number): string =>
    JSON.stringify({ records: Array.from({ length: count }, (_, i) => ({ value: { unique_id: `r${i}` } })) });
  const post = (key: string, count: number): Promise<Response> =>
    door.post('/topics/x.pin', pins(count), 'application/json', { Authorization: `Bearer ${key}` });

  test('bytes count as they are unpacked', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], bytesPerSecond: 2_000 });
    const rows = `{"unique_id":"packed","title":"${'a'.repeat(500)}"}\n`.repeat(40);
    const send = (): Promise<Response> =>
      door.ask(key, '/events?kind=pin', {
        method: 'POST',
        body: gzipSync(rows),
        headers: { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip' },
      });
    assert.ok(gzipSync(rows).length < 500);
    assert.deepEqual([(await send()).status, (await send()).status], [200, 429]);
  });

  test('a key may send a second of its rate at once, then 429 says when more', async () => {
    const { key, apiKey } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 5 });
    const first = await post(key, 5);
    assert.equal(first.status, 200);
    assert.equal(first.headers.get('ratelimit-policy'), '"events";q=5;w=1');
    assert.equal(first.headers.get('ratelimit'), '"events";r=0;t=1');
    const refused = await post(key, 5);
    assert.equal(refused.status, 429);
    // Where the second comes later than a fifth of a second it is looked at, and owed.
    assert.match(refused.headers.get('retry-after')!, /^[12]$/);
    assert.match(refused.headers.get('ratelimit')!, /^"events";r=0;t=[12]$/);
    assert.match(await refused.text(), /more than it may/);
    await waitFor(async () => (await post(key, 1)).status === 200, { what: 'the allowance to come back', timeoutMs: 3_000 });
    const text = await (await door.ask(operator.key, '/metrics')).text();
    assert.match(text, new RegExp(`^pinflow_door_rate_limited_total\\{key="${apiKey.id}"\\} [1-9]`, 'm'));
  });

  test('one request of any size passes when nothing was sent before', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 1, bytesPerSecond: 10 });
    const answer = await post(key, 50);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('ratelimit')!, /^"events";r=0;t=50, "bytes";r=0;t=\d+$/);
    const refused = await post(key, 1);
    assert.equal(refused.status, 429);
    assert.match(await refused.text(), /more than it may \(.*events.*q=1;w=1, .*bytes.*q=10/);
  });

  test('429 names only what was exceeded', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 1, bytesPerSecond: 1_000_000 });
    assert.equal((await post(key, 50)).status, 200);
    const refused = await post(key, 1);
    assert.equal(refused.status, 429);
    const text = await refused.text();
    assert.match(text, /events/);
    assert.doesNotMatch(text, /bytes/);
    assert.match(refused.headers.get('ratelimit-policy')!, /bytes/);
  });

  test('rows that are refused cost what taken ones do, and their answer is no larger than it must be', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 1_000 });
    const send = (body: string | Buffer, headers = {}): Promise<Response> =>
      door.ask(key, '/events?kind=pin', { method: 'POST', body, headers: { 'Content-Type': 'application/x-ndjson', ...headers } });
    const packed = gzipSync('{}\n'.repeat(100_000));
    assert.ok(packed.length < 1_500, `${packed.length}`);
    const answer = await send(packed, { 'Content-Encoding': 'gzip' });
    const text = await answer.text();
    assert.equal(answer.status, 422);
    assert.ok(text.length < 20_000, `${text.length} bytes`);
    assert.match(text, /^\{"received":100000,"accepted":0,"rejected":100000,.*"errors_left_out":\{"count":99900,"retriable":0\}/);
    // It is paid for while it is read, which takes its time.
    const [, owed] = /^"events";r=0;t=(\d+)$/.exec(answer.headers.get('ratelimit')!) ?? [];
    assert.ok(Number(owed) > 50 && Number(owed) <= 100, owed);
    // What comes now is not even looked at: it would be found to be no JSON.
    const next = await send('no JSON', { 'Content-Type': 'application/json' });
    assert.equal(next.status, 429);
    assert.ok(Number(next.headers.get('retry-after')) > 50, `${next.headers.get('retry-after')}`);
  });

  test('of large requests at once one is read, and each has paid for what was looked at', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 10 });
    const body = gzipSync('{}\n'.repeat(100_000));
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip' };
    const ended: (number | undefined)[] = [];
    const held = door.budget.bytesUsed;
    const sending = Array.from({ length: 5 }, () => {
      const sent = request(`${door.url}/events?kind=pin`, { method: 'POST', headers, agent: false });
      sent.write(body.subarray(0, 10));
      const answered = once(sent, 'response').then(async ([answer]: IncomingMessage[]) => {
        ended.push(answer!.statusCode);
        await once(answer!.resume(), 'end');
      });
      return { sent, answered };
    });
    // Each has a decoder: its headers were let in, all by a full allowance.
    await waitFor(() => door.budget.bytesUsed - held >= 5 * 262_144, { what: 'the bodies to be begun' });
    for (const { sent } of sending) sent.end(body.subarray(10));
    await Promise.all(sending.map(({ answered }) => answered));
    // Those that are refused do not wait until the other is read.
    assert.deepEqual(ended, [429, 429, 429, 429, 422]);
    const next = await post(key, 1);
    assert.equal(next.status, 429);
    // Four turns of 200 rows are 80 s more than the whole request; what the test takes is gone again.
    assert.ok(Number(next.headers.get('retry-after')) > 10_030, `${next.headers.get('retry-after')}`);
  });

  for (const [what, path, body, method = 'POST'] of [
    ['a bad pin', '/pin/', '{}'],
    ['a bad record', '/topics/x.pin', `{"records":[${'{"value":{"unique_id":"a"}},'.repeat(9)}{"value":{}}]}`],
    ['a bad Kinesis record', '/streams/x.pin/records', `{"records":[${'{"data":{"unique_id":"a"}},'.repeat(9)}{"data":{}}]}`, 'PUT'],
    ['an unknown kind', '/topics/x.other', '{"records":[]}'],
  ] as const)
    test(`${what} is charged by what was sent`, async () => {
      const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 10 });
      const answer = await door.ask(key, path, { method, body, headers: { 'Content-Type': 'application/json' } });
      assert.ok(answer.status === 422 || answer.status === 404, `${answer.status}`);
      assert.match(answer.headers.get('ratelimit')!, body.length > 100 ? /^"events";r=0;/ : /^"events";r=9;/);
    });

  test('requests with a bad parameter run into no debt: over the rate they are 429', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const answer = await door.ask(key, '/pin/?ack=all', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
      statuses.push(answer.status);
      if (answer.status === 429) assert.equal(answer.headers.get('retry-after'), '1');
      await answer.arrayBuffer();
    }
    assert.deepEqual([statuses[0], statuses.includes(429)], [422, true]);
  });

  test('a request of more rows than the rate has left is read no further than that', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'], eventsPerSecond: 100 });
    // Read to its end it would be found to be cut off.
    const body = gzipSync('{"unique_id":"a"}\n'.repeat(5_000)).subarray(0, -4);
    const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip' };
    const isStopped = async (): Promise<boolean> => {
      // Half of a second's worth is gone for half a second.
      const first = await post(key, 50);
      const answer = await door.ask(key, '/events?kind=pin', { method: 'POST', body, headers });
      await answer.arrayBuffer();
      return first.status === 200 && answer.status === 429;
    };
    await waitFor(isStopped, { what: 'the rest of the request to be left unread' });
  });

  test('a key without a rate has no such headers', async () => {
    const { key } = await door.makeKey({ scopes: ['append:pin'] });
    const answer = await post(key, 50);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('ratelimit'), null);
  });
});
