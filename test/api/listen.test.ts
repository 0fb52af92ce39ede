import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { Listening } from '#api/listen.ts';
import { listen } from '#api/listen.ts';
import { waitFor } from '#test/support/servers.ts';

/** Answers are held until the test lets them go. */
const held: (() => void)[] = [];
let listening: Listening;
let port: number;
before(async () => {
  const bounds = { connectionsMax: 100, perAddressMax: 100, probesMax: 1, addressOf: () => undefined };
  const patience = { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 };
  listening = await listen(echo, '127.0.0.1', 0, bounds, patience);
  port = Number(new URL(listening.url).port);
});
after(async () => {
  for (const release of held) release();
  await listening.drain(1_000);
});

function echo(req: IncomingMessage, res: ServerResponse): void {
  req.on('error', () => undefined);
  req.resume();
  req.on('end', () => {
    const answer = (): void => void res.end(`"${req.url ?? ''}"`);
    if (req.url === '/held') held.push(answer);
    else answer();
  });
}

type Said = { status: number; headers: string; body: string };

/** Sends bytes, waits for the end of the connection, and reads all answers that came. */
async function send(...pieces: (string | Buffer)[]): Promise<Said[]> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  for (const piece of pieces) socket.write(piece);
  await new Promise<void>((resolve, reject) => void socket.on('close', resolve).on('error', reject));
  return split(Buffer.concat(chunks).toString());
}

function split(text: string): Said[] {
  const said: Said[] = [];
  for (let rest = text; rest !== '';) {
    const headers = rest.slice(0, rest.indexOf('\r\n\r\n'));
    const length = Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0);
    const bodyAt = headers.length + 4;
    said.push({ status: Number(headers.slice(9, 12)), headers, body: rest.slice(bodyAt, bodyAt + length) });
    rest = rest.slice(bodyAt + length);
  }
  return said;
}

const host = 'Host: x\r\n';
const cases: readonly { name: string; request: string | Buffer; status: number }[] = [
  { name: 'garbage', request: 'EHLO x\r\n\r\n', status: 400 },
  { name: 'a TLS hello', request: Buffer.from('160301020001000001fc0303', 'hex'), status: 400 },
  { name: 'no Host', request: 'GET / HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'two lengths', request: `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, status: 400 },
  {
    name: 'a length and chunks',
    request: `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  { name: 'a length that is none', request: `POST / HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`, status: 400 },
  { name: 'chunks that are none', request: `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, status: 400 },
  { name: 'a broken header', request: `GET / HTTP/1.1\r\n${host}a\0b: c\r\n\r\n`, status: 400 },
  { name: 'a blank in the target', request: `GET /a b HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'huge headers', request: `GET / HTTP/1.1\r\n${host}a: ${'b'.repeat(20_000)}\r\n\r\n`, status: 431 },
  { name: 'a huge target', request: `GET /${'b'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, status: 431 },
  {
    name: 'a huge chunk extension',
    request: `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\na\r\n`,
    status: 413,
  },
  { name: 'headers that never end', request: `GET / HTTP/1.1\r\n${host}`, status: 408 },
  { name: 'a body that never ends', request: `POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\n{`, status: 408 },
  { name: 'an unknown expectation', request: `POST / HTTP/1.1\r\n${host}Expect: cake\r\nContent-Length: 0\r\n\r\n`, status: 417 },
  { name: 'a tunnel', request: `CONNECT example.invalid:443 HTTP/1.1\r\n${host}\r\n`, status: 405 },
];

for (const { name, request, status } of cases) {
  test(`${name}: ${status} as JSON, and the connection is closed`, async () => {
    const [said, ...more] = await send(request);
    assert.deepEqual(more, []);
    assert.equal(said?.status, status);
    assert.match(said.headers, /content-type: application\/json/i);
    assert.match(said.headers, /connection: close/i);
    const { detail } = JSON.parse(said.body) as { detail: string };
    assert.equal(typeof detail, 'string');
  });
}

test('requests that came whole before the garbage get their answers first', async () => {
  const whole = (target: string): string => `POST ${target} HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\n{}`;
  const answers = send(whole('/held'), whole('/second'), 'garbage\r\n\r\n');
  const release = await waitFor(() => held.shift(), { what: 'the first request to be held' });
  release();
  const said = await answers;
  assert.deepEqual(
    said.map(({ status }) => status),
    [200, 200, 400],
  );
  assert.equal(said[1]?.body, '"/second"');
});

test('a client that goes on sending after garbage gets one answer', async () => {
  const said = await send('garbage\r\n\r\n', 'x'.repeat(100_000), 'y'.repeat(100_000));
  assert.deepEqual(
    said.map(({ status }) => status),
    [400],
  );
});

test('the server serves on after all of that', async () => {
  const answer = await fetch(`${listening.url}/last`);
  assert.equal(await answer.text(), '"/last"');
});
