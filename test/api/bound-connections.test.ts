import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { makeClients } from '#api/access/clients.ts';
import type { Listening } from '#api/listen.ts';
import { listen } from '#api/listen.ts';
import { waitFor } from '#test/support/servers.ts';

/** All of 127.0.0.0/8 is this machine, so that a test has as many addresses as it wants. */
const [greedy, other, third, proxy] = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'] as const;
const bounds = { connectionsMax: 20, perAddressMax: 8, probesMax: 3 };
const clients = makeClients({ apiTrustedProxies: [proxy], apiProxyHeaders: 'x-forwarded' });

let listening: Listening;
let port: number;
let sockets: Socket[];
beforeEach(async () => {
  sockets = [];
  listening = await listen((req, res) => void res.end(req.url), '127.0.0.1', 0, {
    ...bounds,
    addressOf: (socket) => clients.peerOf(socket),
  });
  port = Number(new URL(listening.url).port);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await listening.drain(0);
});

async function open(localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Connections that say nothing. */
async function hold(localAddress: string, count: number): Promise<void> {
  const before = listening.connections.held() + seen();
  for (let i = 0; i < count; i++) await open(localAddress);
  await waitFor(() => listening.connections.held() + seen() === before + count, { what: 'the server to see them' });
}
const seen = (): number => Object.values(listening.connections.beyond()).reduce((sum, count) => sum + count, 0);

async function ask(localAddress: string, path: string, method = 'GET'): Promise<string> {
  const socket = await open(localAddress);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  await once(socket, 'close');
  return text;
}
const ok = /^HTTP\/1\.1 200 OK/;
const full = /^HTTP\/1\.1 503 [^]*Retry-After: 1\r\n[^]*Too many connections are open/;

test('one address that takes all it can leaves the others theirs, and probes their answer', async () => {
  await hold(greedy, 40);
  assert.equal(listening.connections.held(), bounds.perAddressMax);
  assert.match(await ask(other, '/pin/', 'POST'), ok);
  for (const path of ['/healthz', '/readyz', '/metrics', '/metrics?x=1']) {
    assert.match(await ask(greedy, path), ok, path);
    assert.match(await ask(other, path), ok, path);
  }
  assert.match(await ask(greedy, '/pin/', 'POST'), full);
  assert.match(await ask(greedy, '/healthz', 'POST'), full);
});

test('when all connections are taken probes are answered all the same, from anywhere', async () => {
  for (const address of [greedy, other, third]) await hold(address, 8);
  assert.equal(listening.connections.held(), bounds.connectionsMax);
  for (const path of ['/healthz', '/readyz', '/metrics']) assert.match(await ask('127.0.0.6', path), ok, path);
  assert.match(await ask('127.0.0.6', '/api/status'), full);
  assert.deepEqual(Object.keys(listening.connections.beyond()), ['address', 'process']);
});

test('a connection beyond the bounds is good for one request', async () => {
  await hold(greedy, 8);
  const socket = await open(greedy);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'close');
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close/);
});

test('a proxy that is trusted stands for many clients', async () => {
  await hold(proxy, 15);
  assert.equal(listening.connections.held(), 15);
  assert.match(await ask(proxy, '/pin/', 'POST'), ok);
});

test('what is closed makes room', async () => {
  await hold(greedy, 8);
  assert.match(await ask(greedy, '/x'), full);
  sockets[0]!.destroy();
  await waitFor(() => listening.connections.held() === 7, { what: 'the server to see it' });
  assert.match(await ask(greedy, '/x'), ok);
});
