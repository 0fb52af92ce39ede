import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import type { Outlet } from '#api/tail/outlet.ts';
import { makeOutlet } from '#api/tail/outlet.ts';
import { waitFor } from '#test/support/servers.ts';

const server = createServer();
after(() => {
  server.closeAllConnections();
  server.close();
});

test('a tail keeps a bounded number of bytes for a reader that takes nothing, and ends its connection in time', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, res] = (await once(server, 'request')) as Parameters<Parameters<typeof createServer>[1] & object>;
  res.writeHead(200);
  let ended = false;
  const outlet: Outlet = makeOutlet(res, {
    limit: Number.POSITIVE_INFINITY,
    heartbeatMs: 20,
    stuckMsMax: 400,
    onEnd: () => (ended = true),
  });
  const line = 'x'.repeat(60_000);
  // The kernels' buffers take some megabytes before the reader is seen to take nothing.
  let most = 0;
  const more = setInterval(() => {
    for (let i = 0; i < 50; i++) void outlet.emit(line, false);
    most = Math.max(most, res.writableLength);
  }, 5);
  after(() => clearInterval(more));
  await waitFor(() => ended && res.destroyed, { what: 'the reader to be given up' });
  assert.ok(most > 1_000_000 && most < 1_048_576 + 2 * line.length, `${most} bytes waited`);
});

test('a tail that was quiet for longer than that is not given up as soon as something waits for its reader', async () => {
  // What the kernels take is theirs to say; here it is said by hand.
  let waits = false;
  let looks = 0;
  const answer = Object.assign(new EventEmitter(), {
    writableLength: 0,
    write: () => true,
    destroy: () => void answer.emit('close'),
  });
  Object.defineProperty(answer, 'writableNeedDrain', { get: () => (looks++, waits) });
  let ended = false;
  const stuckMsMax = 1_500;
  const begunAt = performance.now();
  makeOutlet(answer as unknown as ServerResponse, { limit: 1, heartbeatMs: 20, stuckMsMax, onEnd: () => (ended = true) });
  await waitFor(() => performance.now() - begunAt > stuckMsMax + 300, { what: 'a quiet time' });
  waits = true;
  const seen = looks;
  await waitFor(() => looks > seen + 2, { what: 'three looks at what waits' });
  assert.ok(!ended, 'the reader was given up though nothing had waited for it before');
  await waitFor(() => ended, { what: 'the reader to be given up' });
});
