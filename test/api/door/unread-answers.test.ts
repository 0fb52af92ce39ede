import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import type { Request } from 'express';
import { answerJson } from '#api/answers/answer.ts';
import { makeExchanges } from '#api/door/exchange.ts';
import { gatherBody } from '#api/door/gather-body.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { makeUnreadAnswers } from '#api/door/unread-answers.ts';
import { quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';

/** More than what two kernels keep of a connection that nobody reads. */
const large = 'x'.repeat(16_000_000);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const limits = { bytesMax: 60_000_000, types: new Set(['application/json']) };

/** Answers `/large` with much and the rest with little, or with what is found against the body. */
async function serve(timeoutMs: number, bytesMax = 100_000_000) {
  const budget: BodyBudget = { bytesUsed: 0, bytesMax };
  const unread = makeUnreadAnswers({ budget, timeoutMs, log: quietLog });
  let watched = 0;
  const exchanges = makeExchanges('instance', [], {
    watch(res) {
      watched += 1;
      unread.watch(res);
    },
  });
  const server = createServer((req, res) => {
    const answer = (status: number): void =>
      exchanges.end(exchanges.begin(req as Request, res, 'test'), answerJson(status, req.url === '/large' ? large : '{}'));
    if (req.method === 'GET') return answer(200);
    const fail = (error: unknown): void => void res.destroy(error as Error);
    gatherBody(
      req,
      fail,
      { limits, budget, found: undefined },
      () => undefined,
      (refusal) => answer(refusal?.status ?? 200),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  /** Asks for something and reads nothing of it until the socket is resumed. */
  const ask = async (path: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    closing.push(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  };
  const openConnections = (): Promise<number> =>
    new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
  return { budget, ask, openConnections, url: `http://127.0.0.1:${port}`, watched: () => watched };
}

describe('an answer that its client does not read', () => {
  test('counts in the budget, and its connection is ended when the time is up', async () => {
    const { budget, ask, openConnections } = await serve(300);
    await ask('/large');
    await waitFor(() => budget.bytesUsed > 1_000_000, { what: 'the answer to wait for its reader' });
    await waitFor(async () => (await openConnections()) === 0, { what: 'the connection to be ended' });
    assert.equal(budget.bytesUsed, 0);
  });

  test('that is read now and then is not waited for either', async () => {
    const { budget, ask, openConnections } = await serve(500);
    const socket = await ask('/large');
    await waitFor(() => budget.bytesUsed > 1_000_000, { what: 'the answer to wait for its reader' });
    const trickle = setInterval(() => socket.read(1_000), 20);
    closing.push(() => clearInterval(trickle));
    await waitFor(async () => (await openConnections()) === 0, { what: 'the connection to be ended' });
    assert.equal(budget.bytesUsed, 0);
  });

  test('makes room for another where the budget has none: who reads the longest goes first', async () => {
    const { budget, ask, openConnections, watched } = await serve(60_000, 20_000_000);
    await ask('/large');
    await waitFor(() => budget.bytesUsed > 1_000_000, { what: 'the first answer to wait for its reader' });
    const second = await ask('/large');
    await waitFor(async () => watched() === 2 && (await openConnections()) === 1, { what: 'the first connection to be ended' });
    assert.ok(budget.bytesUsed > 1_000_000 && budget.bytesUsed <= 20_000_000, `${budget.bytesUsed}`);
    let read = 0;
    second.on('data', (chunk: Buffer) => (read += chunk.length)).resume();
    await waitFor(() => read > large.length, { what: 'the second to be read' });
    await waitFor(() => budget.bytesUsed === 0, { what: 'the budget to be given back' });
  });

  test('pays for itself alone: bodies that fill the budget end no reader whose answers keep to their share', async () => {
    const bytesMax = 100_000_000;
    const { budget, ask, openConnections, watched } = await serve(60_000, bytesMax);
    budget.bytesUsed = bytesMax;
    await ask('/large');
    await waitFor(() => watched() === 1, { what: 'the first answer to wait for its reader' });
    assert.ok(budget.bytesUsed > bytesMax + 1_000_000, 'the connection was ended for what others hold');
    assert.equal(await openConnections(), 1);
    // Two are more than a quarter.
    await ask('/large');
    await waitFor(async () => watched() === 2 && (await openConnections()) === 1, { what: 'the first connection to be ended' });
  });

  test('makes room for a body that finds none, down to its share', async () => {
    const bytesMax = 60_000_000;
    const { budget, ask, openConnections, url, watched } = await serve(60_000, bytesMax);
    for (const answers of [1, 2, 3]) {
      await ask('/large');
      await waitFor(() => watched() === answers, { what: `${answers} answers to wait for their readers` });
    }
    const post = (bytes: number): Promise<Response> =>
      fetch(url, { method: 'POST', body: Buffer.alloc(bytes), headers: { 'Content-Type': 'application/json', Connection: 'close' } });
    const unread = budget.bytesUsed;
    assert.equal((await post(bytesMax - unread + 1_000_000)).status, 200);
    await waitFor(async () => (await openConnections()) === 2, { what: 'the first connection to be ended' });
    // What others hold is not theirs to make room for.
    budget.bytesUsed += bytesMax;
    assert.equal((await post(1_000_000)).status, 503);
    await waitFor(async () => (await openConnections()) <= 1, { what: 'those above their share to be ended' });
    assert.ok(budget.bytesUsed - bytesMax <= bytesMax / 4, `${budget.bytesUsed - bytesMax} are unread`);
  });

  test('that leaves at once is not even looked at', async () => {
    const { url, watched } = await serve(300);
    for (let i = 0; i < 20; i++) await (await fetch(`${url}/small`)).text();
    assert.equal(watched(), 0);
  });
});
