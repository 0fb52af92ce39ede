import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { revokeKey } from '#keys/revoke-key.ts';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { openDoor } from '#test/api/open-door.ts';
import { waitFor } from '#test/support/servers.ts';

const door = await openLockedDoor();
after(() => door.close());
const { key, apiKey } = await door.makeKey({ name: 'browser', scopes: ['read', 'operate'] });

function logIn(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${door.url}/login`, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });
}

/** The cookie as a browser sends it back. */
async function cookieOf(form: Record<string, string> = { key }): Promise<string> {
  const answer = await logIn(form);
  assert.equal(answer.status, 303, await answer.text());
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}
const ours = { 'Sec-Fetch-Site': 'same-origin' };
const newKeyBody = '{"name":"by-cookie","scopes":["read"],"expires":"1s"}';
const createBy = (cookie: string, headers: Record<string, string>): Promise<Response> =>
  fetch(`${door.url}/api/keys`, { method: 'POST', body: newKeyBody, headers: { 'Content-Type': 'application/json', cookie, ...headers } });

describe('/login', () => {
  test('shows a form that no script and no other site can get at', async () => {
    const answer = await fetch(`${door.url}/login?next=%2Fdocs%3Fa%3D%22%3E`);
    const text = await answer.text();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy')!;
    for (const part of [/default-src 'none'/, /form-action 'self'/, /frame-ancestors 'none'/, /style-src 'sha256-/])
      assert.match(policy, part);
    assert.doesNotMatch(policy, /unsafe|script/);
    assert.match(text, /name="next" value="\/docs\?a=%22%3E"/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });

  test('trades a key for a cookie that is not the key, and goes where one came from', async () => {
    const answer = await logIn({ key: ` ${key}\n`, next: '/docs?x=1' });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get('location'), '/docs?x=1');
    const cookie = answer.headers.get('set-cookie')!;
    assert.match(cookie, /^pinflow_session=pfs_[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/);
    assert.ok(!cookie.includes(key.slice(-43)));
    const stored = await door.postgres.query('SELECT * FROM pinflow.session');
    assert.ok(!JSON.stringify(stored).includes(cookie.slice(20, 60)));
  });

  test('marks the cookie Secure where the browser came over TLS', async () => {
    const host = new URL(door.url).host;
    const answer = await logIn({ key }, { Origin: `https://${host}` });
    assert.match(answer.headers.get('set-cookie')!, /; Secure$/);
  });

  for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', '/a/..//evil.example', '']) {
    test(`goes nowhere else: ${next}`, async () => {
      assert.equal((await logIn({ key, next })).headers.get('location'), '/login');
    });
  }

  test('says who is logged in', async () => {
    const text = await (await fetch(`${door.url}/login`, { headers: { cookie: await cookieOf() } })).text();
    assert.match(text, /<strong>browser<\/strong>, which may: read, operate/);
  });

  test('takes no form of another site', async () => {
    for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'https://evil.example' }, { Origin: 'null' }])
      assert.equal((await logIn({ key }, headers)).status, 403);
  });

  test('takes no form that is none', async () => {
    assert.equal(
      (await fetch(`${door.url}/login`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })).status,
      415,
    );
    assert.equal((await logIn({ key: 'x'.repeat(5_000) })).status, 413);
    assert.equal((await fetch(`${door.url}/login`, { method: 'PUT' })).headers.get('allow'), 'GET, HEAD, POST');
  });
});

describe('a session', () => {
  test('may what its key may', async () => {
    const cookie = await cookieOf();
    assert.equal((await fetch(`${door.url}/api/keys`, { headers: { cookie } })).status, 200);
    assert.equal((await fetch(`${door.url}/api/keys`, { headers: { cookie: `a=b; ${cookie}; c=d` } })).status, 200);
    const answer = await door.post('/pin/', '{}', 'application/json', { cookie, ...ours });
    assert.equal(answer.status, 422);
    assert.equal((await fetch(`${door.url}/api/keys`, { headers: { cookie: `pinflow_session=${key}` } })).status, 401);
    assert.equal((await door.ask(cookie.split('=')[1]!, '/api/keys')).status, 401);
  });

  test('changes things from our own pages only', async () => {
    const cookie = await cookieOf();
    const host = new URL(door.url).host;
    const refused: Record<string, string>[] = [
      {},
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: `http://${host}` },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
    ];
    for (const headers of refused) assert.equal((await createBy(cookie, headers)).status, 403, JSON.stringify(headers));
    for (const headers of [ours, { Origin: `http://${host}` }, { Origin: `https://${host}` }] as Record<string, string>[]) {
      const answer = await createBy(cookie, headers);
      assert.ok(answer.status === 201 || answer.status === 409, `${JSON.stringify(headers)}: ${answer.status}`);
    }
    assert.equal((await door.post('/pin/', '{}', 'application/json', { cookie })).status, 403);
  });

  test('reads for our own pages only: what a page of others asks for may hold a place or move a consumer', async () => {
    const cookie = await cookieOf();
    const { host } = new URL(door.url);
    const refused: Record<string, string>[] = [
      { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'http://localhost:3000' },
      { Origin: 'null' },
    ];
    const status = async (path: string, headers: Record<string, string>): Promise<number> => {
      const answer = await fetch(door.url + path, { headers: { cookie, ...headers } });
      await answer.body?.cancel();
      return answer.status;
    };
    for (const path of ['/api/tail?limit=1', '/consumers/g/instances/i/records', '/metrics'])
      for (const headers of refused) assert.equal(await status(path, headers), 403, `${path} ${JSON.stringify(headers)}`);
    for (const headers of [ours, { 'Sec-Fetch-Site': 'none' }, { Origin: `http://${host}` }] as Record<string, string>[])
      assert.equal(await status('/metrics', headers), 200, JSON.stringify(headers));
  });

  test('ends with its key', async () => {
    const mine = await door.makeKey({ scopes: ['read'] });
    const cookie = await cookieOf({ key: mine.key });
    const status = async (): Promise<number> => (await fetch(`${door.url}/api/keys`, { headers: { cookie } })).status;
    assert.equal(await status(), 200);
    await revokeKey(door.postgres, mine.apiKey.id);
    await waitFor(async () => (await status()) === 401, { what: 'the session to end', timeoutMs: 3_000 });
  });

  test('ends at its time, which is not later than that of its key', async () => {
    const mine = await door.makeKey({ scopes: ['read'], expires: '2s' });
    const answer = await logIn({ key: mine.key });
    assert.match(answer.headers.get('set-cookie')!, /Max-Age=1;?/);
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
    await waitFor(async () => (await fetch(`${door.url}/api/keys`, { headers: { cookie } })).status === 401, {
      what: 'the session to end',
      timeoutMs: 3_000,
    });
  });

  test('ends at /logout', async () => {
    const cookie = await cookieOf();
    const logOut = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${door.url}/logout`, { method: 'POST', headers: { cookie, ...headers }, redirect: 'manual' });
    assert.equal((await logOut({ 'Sec-Fetch-Site': 'cross-site' })).status, 403);
    const answer = await logOut(ours);
    assert.equal(answer.status, 303);
    assert.match(answer.headers.get('set-cookie')!, /^pinflow_session=; .*Max-Age=0/);
    assert.equal((await fetch(`${door.url}/api/keys`, { headers: { cookie } })).status, 401);
  });

  test('of which a key has at most a hundred', async () => {
    const mine = await door.makeKey({ scopes: ['read'] });
    await door.postgres.execute(
      `INSERT INTO pinflow.session (sha256, key_id, created_at, expires_at)
       SELECT 'old' || n, $1, now() - interval '1 hour', now() + interval '1 hour' FROM generate_series(1, 150) n`,
      [mine.apiKey.id],
    );
    await cookieOf({ key: mine.key });
    const [row] = await door.postgres.query<{ count: number }>('SELECT count(*) AS count FROM pinflow.session WHERE key_id = $1', [
      mine.apiKey.id,
    ]);
    assert.equal(row?.count, 100);
  });
});

// Comes last: these addresses have to wait afterwards.
test('wrong keys get the form again, and after ten of them a wait that a right key has to keep too', async () => {
  for (let i = 0; i < 10; i++) {
    const answer = await logIn({ key: i === 0 ? '' : `pfk_${apiKey.id}_${'x'.repeat(43)}` });
    assert.equal(answer.status, 401);
    const text = await answer.text();
    assert.match(text, /role="alert">This key is not known/);
    assert.doesNotMatch(text, /xxxx/);
  }
  const answer = await logIn({ key });
  assert.equal(answer.status, 429);
  assert.match(answer.headers.get('retry-after')!, /^[1-5]$/);
});

test('where keys are off, nobody needs to log in', async () => {
  const open = await openDoor();
  try {
    assert.match(await (await fetch(`${open.url}/login`)).text(), /asks nobody for a key/);
    assert.equal((await fetch(`${open.url}/metrics`)).status, 200);
  } finally {
    await open.close();
  }
});
