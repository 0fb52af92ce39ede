import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { openLockedDoor } from '#test/api/access/locked-door.ts';
import { waitFor } from '#test/support/servers.ts';

const door = await openLockedDoor({ apiRateEvents: 0 });
after(() => door.close());
const { key } = await door.makeKey();
const port = Number(new URL(door.url).port);

/** Far more than the buffers of a connection hold. */
const hugeBytes = 1_000_000_000;
/** What is on its way in these buffers, and read of it at most. */
const inBuffersMax = 32_000_000;

type Talk = { socket: Socket; heard: () => string; closed: Promise<unknown> };

function open(head: string, headers: string): Talk {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  socket.write(`${head} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  return { socket, heard: () => text, closed: new Promise((resolve) => void socket.on('close', resolve)) };
}

const hears = (talk: Talk, what: RegExp): Promise<unknown> =>
  waitFor(() => what.test(talk.heard()), { what: String(what), timeoutMs: 3_000 });

/** Sends as fast as the other side takes it, until it is told or forced to stop. */
function pour({ socket }: Talk, frame: (piece: Buffer) => Buffer = (piece) => piece): void {
  const piece = frame(Buffer.alloc(65_536, 97));
  const more = (): void => {
    while (socket.writable && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const chunk = (piece: Buffer): Buffer => Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
const json = 'Content-Type: application/json\r\n';
const withKey = `Authorization: Bearer ${key}\r\n`;

describe('the body of a request that is refused for its caller', () => {
  const targets: [head: string, type: string][] = [
    ['POST /pin/', json],
    ['POST /events?kind=pin', 'Content-Type: application/x-ndjson\r\n'],
    ['POST /topics/x.pin', json],
    ['PUT /streams/x-pin/record', json],
    ['POST /consumers/g', 'Content-Type: application/vnd.kafka.v2+json\r\n'],
    ['POST /api/keys', json],
    ['POST /nowhere', json],
  ];
  for (const [head, type] of targets)
    test(`is not waited for: ${head}`, async () => {
      const talk = open(head, `${type}Content-Length: ${hugeBytes}\r\n`);
      talk.socket.write('{');
      await hears(talk, head.includes('nowhere') ? /^HTTP\/1\.1 404 / : /^HTTP\/1\.1 401 /);
      await hears(talk, /\r\nConnection: close\r\n/i);
      await talk.closed;
    });

  for (const [how, headers, frame] of [
    ['of a given length', `Content-Length: ${hugeBytes}\r\n`, undefined],
    ['in chunks', 'Transfer-Encoding: chunked\r\n', chunk],
  ] as const)
    test(`is not read to the end, ${how}: the client hears why, and is let go`, async () => {
      const talk = open('POST /events?kind=pin', `${json}${headers}`);
      pour(talk, frame);
      await hears(talk, /^HTTP\/1\.1 401 [^]*"message":"A key is needed here/);
      await talk.closed;
      assert.ok(talk.socket.bytesWritten < inBuffersMax, `${talk.socket.bytesWritten} bytes were taken`);
    });

  test('a client that looks for the answer only afterwards still finds it', async () => {
    const answer = await fetch(`${door.url}/events?kind=pin`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: 'x'.repeat(300_000),
    });
    assert.equal(answer.status, 401);
    assert.match(await answer.text(), /A key is needed here/);
  });

  test('does not cost the connection where it is small', async () => {
    const talk = open('POST /pin/', `${json}Content-Length: 2000\r\n`);
    talk.socket.write('x'.repeat(2_000));
    talk.socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    await talk.closed;
    assert.match(talk.heard(), /^HTTP\/1\.1 401 [^]*HTTP\/1\.1 200 OK/);
  });

  test('is bounded where everybody may send one: a form without end', async () => {
    const talk = open('POST /login', 'Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n');
    pour(talk, chunk);
    await hears(talk, /^HTTP\/1\.1 413 /);
    await talk.closed;
    assert.ok(talk.socket.bytesWritten < inBuffersMax, `${talk.socket.bytesWritten} bytes were taken`);
  });
});

describe('Expect: 100-continue', () => {
  const expect = 'Expect: 100-continue\r\n';
  const refused: [head: string, headers: string, status: number][] = [
    ['POST /pin/', `${json}Content-Length: 10\r\n`, 401],
    ['POST /events?kind=pin', `${json}Transfer-Encoding: chunked\r\n`, 401],
    ['POST /api/keys', `${json}Content-Length: 10\r\n`, 401],
    ['POST /nowhere', `${json}Content-Length: 10\r\n`, 404],
    ['POST /pin/', `${withKey}${json}Content-Length: 100000\r\n`, 413],
    ['POST /pin/', `${withKey}Content-Type: text/plain\r\nContent-Length: 10\r\n`, 415],
    ['POST /topics/x.nothing', `${withKey}${json}Content-Length: 10\r\n`, 404],
  ];
  for (const [head, headers, status] of refused)
    test(`is not answered with 100 where the answer is ${status}: ${head}`, async () => {
      const talk = open(head, `${headers}${expect}`);
      await hears(talk, new RegExp(`^HTTP/1\\.1 ${status} `));
      await hears(talk, /\r\nConnection: close\r\n/i);
      talk.socket.end();
      await talk.closed;
    });

  test('is answered with 100 where the body is wanted, and then with the answer', async () => {
    const body = '{"unique_id":"asked-for"}';
    const talk = open('POST /pin/', `${withKey}${json}Content-Length: ${body.length}\r\n${expect}`);
    await hears(talk, /^HTTP\/1\.1 100 Continue\r\n\r\n/);
    assert.doesNotMatch(talk.heard(), / 422 | 200 /);
    talk.socket.write(body);
    await hears(talk, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 (200|422) /);
    talk.socket.destroy();
  });
});
