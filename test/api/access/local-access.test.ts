import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { makePostgres } from '#adapters/postgres.ts';
import { createKey } from '#keys/create-key.ts';
import { listKeys } from '#keys/list-keys.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { startApi } from '#test/api/start-api.ts';
import { testConfig } from '#test/support/servers.ts';
import { textOf } from '#test/tidy/tracked-files.ts';
import { migrate } from '#workers/migrate.ts';

/** Keys off because the API is bound to loopback (API_KEYS=auto), and because it was told so. */
const local = await openDoor({ apiAllowedHosts: ['pins.example', '2001:db8::7'] });
const open = await openDoor({ apiKeys: 'off', postgresUrl: local.config.postgresUrl });
const postgres = makePostgres({ url: local.config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 1 });
await migrate(postgres);
after(async () => {
  await local.close();
  await open.close();
  await postgres.close();
});

/** The status and text of an answer to a request as it is written; fetch would write its own Host. */
async function send(url: string, head: string, body = ''): Promise<{ status: number; text: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${head}Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString();
  return { status: Number(text.slice(9, 12)), text };
}

const pinBody = JSON.stringify(pin());
const key = JSON.stringify({ name: 'rebound', scopes: ['read'] });
const foreign = [
  'evil.example',
  'evil.example:8000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '192.0.2.7',
  '[::2]:80',
  '0.0.0.0',
  '',
];
const own = ['localhost', 'LOCALHOST:8000', '127.0.0.1', '127.9.9.9:1', '[::1]', '[::1]:8000', 'Pins.Example:80', '[2001:db8::7]'];
/** What a browser says when a page of others sends something. */
const foreignPages = [
  'Origin: http://evil.example\r\n',
  'Origin: https://evil.example:8000\r\nSec-Fetch-Site: cross-site\r\n',
  'Origin: http://localhost.evil.example\r\n',
  'Origin: null\r\n',
  'Origin: \r\n',
  'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n',
  'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\nSec-Fetch-User: ?1\r\n',
  'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n',
];
/** Of everything that answers, changes or streams. */
const requests: [head: string, body: string][] = [
  ['POST /api/keys', key],
  ['DELETE /api/keys/k7w2m9qd', ''],
  ['GET /api/tail', ''],
  ['GET /api/tail?rejected=true&since=1h', ''],
  ['GET /api/refusals', ''],
  ['GET /metrics', ''],
  ['GET /openapi.json', ''],
  ['GET /login', ''],
  ['POST /logout', ''],
  ['POST /pin/', pinBody],
  ['POST /pin/', ''],
  ['POST /topics/x.geo', '{"records":[{"value":{"ind":1}}]}'],
  ['POST /events?kind=geo', '{"ind":1}'],
  ['POST /consumers/g', '{"format":"json"}'],
  ['POST /consumers/g', ''],
  ['GET /consumers/g/instances/i/records', ''],
  ['DELETE /consumers/g/instances/i', ''],
];

describe('an API that asks for no keys because only this machine reaches it', () => {
  for (const host of foreign)
    test(`refuses Host ${JSON.stringify(host)} everywhere`, async () => {
      await send(local.url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
      for (const [head, body] of requests) {
        const { status, text } = await send(local.url, `${head} HTTP/1.1\r\nHost: ${host}\r\n`, body);
        assert.equal(status, 403, `${head}: ${text}`);
        assert.match(text, /Host is .*call it by localhost, 127.0.0.1 or \[::1\].*API_ALLOWED_HOSTS.*API_KEYS=required/);
      }
    });

  for (const headers of foreignPages)
    test(`refuses the page of another site everywhere: ${headers.replaceAll('\r\n', '; ')}`, async () => {
      for (const [head, body] of requests) {
        const { status, text } = await send(local.url, `${head} HTTP/1.1\r\nHost: localhost:8000\r\n${headers}`, body);
        assert.equal(status, 403, `${head}: ${text}`);
        assert.match(text, /(Origin|Sec-Fetch-Site) is .*API_ALLOWED_HOSTS/);
      }
    });

  const ownPages = [
    'Origin: http://localhost:8000\r\nSec-Fetch-Site: same-origin\r\n',
    'Origin: http://127.0.0.1:8233\r\nSec-Fetch-Site: cross-site\r\n',
    'Origin: https://pins.example\r\n',
    'Origin: http://[2001:db8::7]:8000\r\n',
    'Sec-Fetch-Site: none\r\n',
  ];
  for (const headers of ownPages)
    test(`takes the page of a host of its own: ${headers.replaceAll('\r\n', '; ')}`, async () => {
      const { status, text } = await send(local.url, `POST /pin/ HTTP/1.1\r\nHost: localhost:8000\r\n${headers}`, pinBody);
      assert.equal(status, 200, text);
      assert.equal((await send(local.url, `GET /metrics HTTP/1.1\r\nHost: localhost:8000\r\n${headers}`)).status, 200);
    });

  test('shows a person what a link of another site leads to', async () => {
    const link = 'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-User: ?1\r\n';
    assert.equal((await send(local.url, `GET /login HTTP/1.1\r\nHost: localhost\r\n${link}`)).status, 200);
    assert.equal((await send(local.url, `POST /pin/ HTTP/1.1\r\nHost: localhost\r\n${link}`, pinBody)).status, 403);
  });

  for (const host of own)
    test(`takes Host ${host}`, async () => {
      const { status, text } = await send(local.url, `POST /pin/ HTTP/1.1\r\nHost: ${host}\r\n`, pinBody);
      assert.equal(status, 200, text);
      assert.equal((await send(local.url, `GET /openapi.json HTTP/1.1\r\nHost: ${host}\r\n`)).status, 200);
    });

  test('takes a client that is too old for Host', async () => {
    assert.equal((await send(local.url, 'GET /metrics HTTP/1.0\r\n')).status, 200);
  });
});

test('API_KEYS=off takes any Host', async () => {
  assert.equal((await send(open.url, 'GET /metrics HTTP/1.1\r\nHost: evil.example\r\n')).status, 200);
  assert.equal((await send(open.url, 'POST /pin/ HTTP/1.1\r\nHost: evil.example\r\n', pinBody)).status, 200);
});

test('who needs no key makes and revokes none over HTTP', async () => {
  const { apiKey } = await createKey(postgres, { name: 'valid', scopes: ['read'] });
  for (const door of [local, open]) {
    for (const [path, method, body] of [
      ['/api/keys', 'POST', key],
      ['/api/keys', 'POST', '{'],
      [`/api/keys/${apiKey.id}`, 'DELETE', undefined],
    ] as const) {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(door.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
      assert.equal(answer.status, 403);
      assert.match(await answer.text(), /use npx pinflow keys create or npx pinflow keys revoke/);
    }
    assert.equal((await fetch(`${door.url}/api/keys`)).status, 200, 'looking is free');
  }
  assert.deepEqual(await listKeys(postgres, { all: true }), [apiKey]);
});

test('the API of docker-compose.yml takes the names of this machine and of its service, and no other', async () => {
  const { services } = parse(textOf('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { environment: Record<string, string> }>;
  };
  const given = services['api']!.environment;
  // As compose fills it in where .env says nothing.
  const filled = (name: string): string => given[name]!.replaceAll(/\$\{\w+:-(.*?)\}/g, '$1');
  const api = startApi(await testConfig(), {
    API_HOST: filled('API_HOST'),
    API_KEYS: filled('API_KEYS'),
    API_ALLOWED_HOSTS: filled('API_ALLOWED_HOSTS'),
  });
  await api.waitForLine('api ready');
  try {
    const status = async (host: string, headers = ''): Promise<number> =>
      (await send(api.url, `POST /pin/ HTTP/1.1\r\nHost: ${host}\r\n${headers}`, pinBody)).status;
    const emulatorsHost = new URL(services['emulator']!.environment['API_URL']!).host;
    const scraped = parse(textOf('deploy/prometheus/prometheus.yml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = scraped.scrape_configs.find(({ job_name: job }) => job === 'pinflow-api')!.static_configs.flatMap((one) => one.targets);
    for (const host of ['127.0.0.1:8000', 'localhost:8000', emulatorsHost, ...targets]) assert.equal(await status(host), 200, host);
    for (const host of ['evil.example:8000', '192.0.2.7:8000']) assert.equal(await status(host), 403, host);
    assert.equal(await status('localhost:8000', 'Origin: http://evil.example\r\n'), 403);
  } finally {
    api.child.kill('SIGTERM');
    await api.exited;
  }
});
