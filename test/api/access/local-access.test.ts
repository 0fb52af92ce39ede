import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { pin } from '#test/api/routes/pin-cases.ts';
import { openDoor } from '#test/api/open-door.ts';

/** Keys off because the API is bound to loopback (API_KEYS=auto), and because it was told so. */
const local = await openDoor();
const open = await openDoor({ apiKeys: 'off' });
after(async () => {
  await local.close();
  await open.close();
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
const own = ['localhost', 'LOCALHOST:8000', '127.0.0.1', '127.9.9.9:1', '[::1]', '[::1]:8000'];

describe('an API that asks for no keys because only this machine reaches it', () => {
  for (const host of foreign)
    test(`refuses Host ${JSON.stringify(host)} everywhere`, async () => {
      await send(local.url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
      const requests: [head: string, body: string][] = [
        ['POST /api/keys', key],
        ['GET /api/tail', ''],
        ['GET /api/refusals', ''],
        ['GET /metrics', ''],
        ['GET /openapi.json', ''],
        ['GET /login', ''],
        ['POST /pin/', pinBody],
        ['POST /topics/x.geo', '{"records":[{"value":{"ind":1}}]}'],
        ['POST /events?kind=geo', '{"ind":1}'],
        ['POST /consumers/g', '{"format":"json"}'],
      ];
      for (const [head, body] of requests) {
        const { status, text } = await send(local.url, `${head} HTTP/1.1\r\nHost: ${host}\r\n`, body);
        assert.equal(status, 403, `${head}: ${text}`);
        assert.match(text, /Host is .*call it by localhost, 127.0.0.1 or \[::1\]. Set API_KEYS=required/);
      }
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
