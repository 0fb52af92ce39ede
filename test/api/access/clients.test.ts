import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { after, describe, test } from 'node:test';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { startApi } from '#test/api/start-api.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

/** All of 127.0.0.0/8 is this machine: a proxy and a stranger have addresses of their own. */
const proxy = '127.0.0.2';
const secondProxy = '127.0.0.3';
const stranger = '127.0.0.4';

const door = await openLockedDoor({ apiTrustedProxies: [proxy, `${secondProxy}/32`] });
const local = await openDoor({ apiKeys: 'local', apiTrustedProxies: ['127.0.0.2/31'], apiProxyHeaders: 'forwarded' });
const named = await openDoor({ apiUrl: 'https://pins.example/door/' });
after(async () => {
  for (const one of [door, local, named]) await one.close();
});
const { key } = await door.makeKey();

type Said = { status: number; headers: IncomingHttpHeaders; body: string };

/** A request from an address of this machine. */
function ask(url: string, localAddress: string, method: string, path: string, headers: Record<string, string>, body = ''): Promise<Said> {
  return new Promise((resolve, reject) => {
    const req = request(url + path, { method, localAddress, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body: text }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const logIn = (from: string, headers: Record<string, string>, word = key): Promise<Said> =>
  ask(door.url, from, 'POST', '/login', { ...form, ...headers }, new URLSearchParams({ key: word }).toString());

describe('what a proxy says of a client', () => {
  test('counts where it is trusted: wrong keys of one client are no other client', async () => {
    for (let i = 0; i < 10; i++) assert.equal((await logIn(proxy, { 'X-Forwarded-For': '203.0.113.1' }, 'wrong')).status, 401);
    assert.equal((await logIn(proxy, { 'X-Forwarded-For': '203.0.113.1' })).status, 429);
    // Whatever that client wrote before its address.
    assert.equal((await logIn(proxy, { 'X-Forwarded-For': '203.0.113.9, 203.0.113.1' })).status, 429);
    assert.equal((await logIn(secondProxy, { 'X-Forwarded-For': `203.0.113.1, ${proxy}` })).status, 429);
    assert.equal((await logIn(proxy, { 'X-Forwarded-For': '203.0.113.2' })).status, 303);
  });

  test('is nothing where it is not: an address of your own choice buys no tries', async () => {
    const statuses = [];
    for (let i = 0; i < 11; i++) statuses.push((await logIn(stranger, { 'X-Forwarded-For': `203.0.113.${100 + i}` }, 'wrong')).status);
    assert.deepEqual(statuses, [...Array<number>(10).fill(401), 429]);
  });

  test('makes the cookie Secure, from the trusted alone and in their kind of header', async () => {
    const cookie = async (from: string, headers: Record<string, string>): Promise<string> =>
      String((await logIn(from, headers)).headers['set-cookie']);
    assert.match(await cookie(proxy, { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.5' }), /; Secure$/);
    assert.doesNotMatch(await cookie(proxy, { Forwarded: 'for=203.0.113.5;proto=https' }), /Secure/);
    assert.doesNotMatch(await cookie(proxy, { 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '203.0.113.5' }), /Secure/);
    assert.doesNotMatch(await cookie('127.0.0.5', { 'X-Forwarded-Proto': 'https' }), /Secure/);
  });

  test('names the page that is ours, where the proxy asks by another host', async () => {
    const cookie = String((await logIn(proxy, { 'X-Forwarded-For': '203.0.113.6' })).headers['set-cookie']).split(';')[0]!;
    const post = async (headers: Record<string, string>): Promise<number> =>
      (await ask(door.url, proxy, 'POST', '/pin/', { 'Content-Type': 'application/json', cookie, ...headers }, '{}')).status;
    const ours = { Origin: 'https://pins.example', 'X-Forwarded-Host': 'pins.example' };
    assert.equal(await post(ours), 422);
    assert.equal(await post({ Origin: 'https://evil.example', 'X-Forwarded-Host': 'pins.example' }), 403);
  });

  test('is whom the account of refusals names', async () => {
    await ask(door.url, proxy, 'POST', '/pin/', { 'X-Forwarded-For': '2001:db8::9', Authorization: 'Bearer none' });
    await ask(door.url, stranger, 'POST', '/send_data', { 'X-Forwarded-For': '2001:db8::8', Authorization: 'Bearer none' });
    await door.refusals.flush();
    const { refusals } = (await (await door.ask(key, '/api/refusals')).json()) as { refusals: { route: string; lastClient: string }[] };
    const clientOf = (route: string): string | undefined => refusals.find((refusal) => refusal.route === route)?.lastClient;
    assert.deepEqual([clientOf('pin'), clientOf('send_data')], ['2001:db8::9', stranger]);
  });
});

test('a page that rebound its name to the proxy of an API without keys is refused', async () => {
  const status = async (headers: Record<string, string>, from = proxy): Promise<number> =>
    (await ask(local.url, from, 'GET', '/metrics', { Host: 'localhost', ...headers })).status;
  assert.equal(await status({ Forwarded: 'for=203.0.113.7;host=evil.example' }), 403);
  assert.equal(await status({ Forwarded: 'for=203.0.113.7;host=localhost' }), 200);
  // A page can write this header itself, but not Host.
  assert.equal(await status({ Forwarded: 'host=localhost', Host: 'evil.example' }), 403);
});

describe('base_uri', () => {
  const make = async (url: string, from: string, headers: Record<string, string>, path = '/consumers/g'): Promise<unknown> => {
    const said = await ask(url, from, 'POST', path, { 'Content-Type': 'application/vnd.kafka.v2+json', ...headers }, '{}');
    assert.equal(said.status, 200, said.body);
    return (JSON.parse(said.body) as { base_uri: string }).base_uri.replace(/[^/]+$/, '');
  };

  test('is below API_URL, whatever the request says', async () => {
    assert.equal(await make(named.url, stranger, { Host: '127.0.0.1:1' }), 'https://pins.example/door/consumers/g/instances/');
    assert.equal(await make(named.url, stranger, {}, '/test/consumers/g'), 'https://pins.example/door/test/consumers/g/instances/');
  });

  test('is where a trusted proxy was asked, without one', async () => {
    const forwarded = { Forwarded: 'for=203.0.113.7;host="localhost:8443";proto=https' };
    assert.equal(await make(local.url, proxy, { Host: '127.0.0.1:1', ...forwarded }), 'https://localhost:8443/consumers/g/instances/');
    assert.equal(await make(local.url, stranger, { Host: '127.0.0.1:1', ...forwarded }), 'http://127.0.0.1:1/consumers/g/instances/');
  });
});

test('the access log names the client', async () => {
  const api = startApi(await testConfig(), { API_TRUSTED_PROXIES: '192.0.2.0/24, 127.0.0.2', API_KEYS: 'local' });
  try {
    await api.waitForLine('api listens');
    for (const from of [proxy, stranger])
      assert.equal((await ask(api.url, from, 'GET', '/nowhere', { 'X-Forwarded-For': '203.0.113.7, 192.0.2.33' })).status, 404);
    const clients = await waitFor(
      () => {
        const found = api.lines.filter(({ msg }) => msg === 'request').map((line) => (line as unknown as { client: string }).client);
        return found.length === 2 ? found : undefined;
      },
      { what: 'two lines' },
    );
    assert.deepEqual(clients, ['203.0.113.7', stranger]);
  } finally {
    api.child.kill('SIGTERM');
    await api.exited;
  }
});
