import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noRejectedRows } from '#api/door/rejected-rows.ts';
import { makeAccessLog } from '#api/operations/access-log.ts';
import { makeClients } from '#api/access/clients.ts';
import type { Exchange } from '#api/door/exchange.ts';
import { waitFor } from '#test/support/servers.ts';

const clients = makeClients({ apiTrustedProxies: [], apiProxyHeaders: 'x-forwarded' });

type Line = Record<string, unknown> & { msg: string };

function exchangeOf(over: Partial<Exchange> = {}, target = '/pin/'): Exchange {
  return {
    id: 'r-1',
    route: 'pin',
    startedAt: 0,
    req: { method: 'POST', url: target, socket: { remoteAddress: '192.0.2.7' } },
    res: {},
    keyId: 'k1',
    source: 'api',
    bytesIn: 17,
    events: 1,
    refusal: undefined,
    rejected: noRejectedRows,
    ...over,
  } as unknown as Exchange;
}

function openLog(options: { sample?: number; level?: 'info' | 'warn'; now?: () => number } = {}) {
  const writes: string[] = [];
  const output = {
    writableLength: 0,
    write(text: string) {
      writes.push(text);
      return true;
    },
  };
  const log = makeAccessLog({ sample: 1, level: 'info', output, clients, ...options });
  const lines = (): Line[] =>
    writes
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  return { ...log, writes, lines, output };
}

describe('the access log', () => {
  test('says who asked for what and what came of it', () => {
    const { hear, flush, lines } = openLog({ now: () => 12.345 });
    hear(exchangeOf({}, '/pin/?ack=none&token=hush&bare'), 200);
    flush();
    const { time, ...line } = lines()[0]!;
    assert.match(String(time), /^\d{4}-.*Z$/);
    assert.deepEqual(line, {
      level: 'info',
      component: 'api',
      msg: 'request',
      requestId: 'r-1',
      method: 'POST',
      path: '/pin/?ack&token&...',
      route: 'pin',
      status: 200,
      ms: 12.35,
      bytesIn: 17,
      events: 1,
      keyId: 'k1',
      source: 'api',
      client: '192.0.2.7',
    });
  });

  test('shows a share of what went well and all that did not', () => {
    const { hear, flush, lines } = openLog({ sample: 0.25 });
    for (let i = 0; i < 4_000; i++) hear(exchangeOf(), 200);
    for (let i = 0; i < 7; i++) hear(exchangeOf({ refusal: { status: 422, reason: 'missing_key', message: 'x' } }), 422);
    flush();
    const all = lines();
    const well = all.filter(({ status }) => status === 200).length;
    // Within eight standard deviations of 1,000.
    assert.ok(well > 780 && well < 1_220, `${well} of 4000 with a sample of 0.25`);
    assert.equal(all.filter(({ reason }) => reason === 'missing_key').length, 7);
  });

  test('shows at most 100 refused requests a second and says how many it left out', () => {
    let nowMs = 0;
    const { hear, flush, lines } = openLog({ sample: 0, now: () => nowMs });
    for (let i = 0; i < 350; i++) hear(exchangeOf(), 503);
    nowMs = 1_000;
    hear(exchangeOf(), 404);
    flush();
    const all = lines();
    assert.equal(all.filter(({ status }) => status === 503).length, 100);
    assert.deepEqual(
      all.slice(100).map(({ msg, requests, status }) => [msg, requests ?? status]),
      [
        ['refused requests were left out of the access log', 250],
        ['request', 404],
      ],
    );
  });

  test('writes lines together, by itself, and none where info is not logged', async () => {
    const { hear, writes, lines } = openLog();
    for (let i = 0; i < 50; i++) hear(exchangeOf(), 200);
    assert.equal(writes.length, 0);
    await waitFor(() => lines().length === 50, { what: 'the lines' });
    assert.equal(writes.length, 1);
    const quiet = openLog({ level: 'warn' });
    quiet.hear(exchangeOf(), 500);
    quiet.flush();
    assert.equal(quiet.writes.length, 0);
  });

  test('does not pile up where nobody reads: drops lines and counts them', () => {
    const { hear, lines, writes, output, flush } = openLog();
    output.writableLength = 2_000_000;
    for (let i = 0; i < 5_000; i++) hear(exchangeOf(), 200);
    flush();
    assert.equal(writes.length, 0);
    output.writableLength = 0;
    hear(exchangeOf(), 200);
    flush();
    assert.deepEqual(
      lines().map(({ msg, requests }) => [msg, requests]),
      [
        ['lines of the access log were dropped: nobody reads them fast enough', 5_000],
        ['request', undefined],
      ],
    );
  });
});
