import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { Exchange } from '#api/door/exchange.ts';
import { makeLives } from '#api/live/lives.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';

test('a stream that has ended and is not taken yet gets no further look: that would end the process', async () => {
  const lives = makeLives({ exchanges: { stream: ({ res }) => void res.writeHead(200) }, log: quietLog, stuckMsMax: 60_000 });
  let answer: ServerResponse | undefined;
  const makeOperation = ((operation: Parameters<MakeOperation>[0]): RequestListener =>
    (req, res) => {
      answer = res;
      // What the stream needs of an exchange, without a door.
      const said = operation.answer(req as never, undefined) as { stream: (exchange: Exchange) => void };
      said.stream({ req, res } as unknown as Exchange);
    }) as unknown as MakeOperation;
  let looks = 0;
  // Closed as soon as the reader is behind: later he would be too far behind to be told anything.
  const look = (): Promise<unknown> => {
    if (answer?.writableNeedDrain === true) lives.close();
    return Promise.resolve([++looks, 'x'.repeat(20_000)]);
  };
  const { live } = lives.make(makeOperation, { name: 'large', everyMs: 1, look });
  const server = createServer(live as unknown as RequestListener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await waitFor(() => answer?.writableEnded, { what: 'the answer to end' });
  assert.equal(answer!.writableFinished, false);
  const seen = looks;
  await waitFor(() => looks > seen + 5, { what: 'further looks' });
  socket.destroy();
  await waitFor(() => answer!.destroyed, { what: 'the answer to be over' });
  server.close();
});
