import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Allowance } from '#api/access/caller.ts';
import type { Paid } from '#api/access/paid.ts';
import { makePaid } from '#api/access/paid.ts';
import type { RateLimit } from '#api/access/rate-limit.ts';
import { makeRateLimit } from '#api/access/rate-limit.ts';

const rowBytes = 200;

/** A client that is told to wait does so. */
type Client = { readyAtMs: number; taken: number; refused: number };
const makeClient = (): Client => ({ readyAtMs: 0, taken: 0, refused: 0 });

function obey(client: Client, allowance: Allowance | undefined, nowMs: number): boolean {
  if (allowance?.refusal === undefined) return true;
  client.refused++;
  client.readyAtMs = nowMs + Number(allowance.refusal.headers!['Retry-After']) * 1_000;
  return false;
}

type Upload = { parts: number; events: number; bytes: number; partMs: number };

/** Sends uploads, one in ten seconds, of so many parts, each of so much; each is sent until it is taken. */
function makeUploader(limit: RateLimit, { parts, events, bytes, partMs }: Upload): { client: Client; step: (nowMs: number) => void } {
  const client = makeClient();
  let paid: Paid | undefined;
  let paidParts = 0;
  let dueAtMs = 0;
  function step(nowMs: number): void {
    if (nowMs < Math.max(client.readyAtMs, dueAtMs)) return;
    if (paid === undefined) {
      if (!obey(client, limit.foresee(1, parts * bytes, nowMs), nowMs)) return;
      paid = makePaid();
      paidParts = 0;
    }
    const isLast = ++paidParts === parts;
    const isTaken = obey(client, limit.spend(events, bytes, nowMs, paid, isLast), nowMs);
    paid.events += events;
    paid.bytes += bytes;
    if (isTaken && !isLast) return void (client.readyAtMs = nowMs + partMs);
    paid = undefined;
    if (!isTaken) return;
    client.taken++;
    dueAtMs += 10_000;
  }
  return { client, step };
}

describe('an upload of five seconds of the rate', () => {
  for (const partMs of [1, 10, 100, 300])
    test(`that is read in ${partMs} ms a part is taken beside small requests of the same key`, () => {
      const limit = makeRateLimit({ eventsPerSecond: 1_000, bytesPerSecond: 250_000 }, 1)!;
      const upload = makeUploader(limit, { parts: 25, events: 200, bytes: 200 * rowBytes, partMs });
      const small = makeClient();
      for (let nowMs = 0; nowMs < 600_000; nowMs++) {
        upload.step(nowMs);
        // 5 % of the rate, each in one piece.
        if (nowMs % 20 !== 7 || nowMs < small.readyAtMs || !obey(small, limit.foresee(1, rowBytes, nowMs), nowMs)) continue;
        if (obey(small, limit.spend(1, rowBytes, nowMs), nowMs)) small.taken++;
      }
      const { taken, refused } = upload.client;
      assert.ok(taken >= 50, `${taken} of 60 uploads were taken, ${refused} times they were 429`);
      assert.ok(small.taken > 10_000, `${small.taken} small ones were taken`);
    });

  const rates = { eventsPerSecond: 500, bytesPerSecond: 1_000_000 };
  const beside: [what: string, upload: Upload, events: number, bytes: number][] = [
    ['of few rows, events', { parts: 40, events: 5, bytes: 131_072, partMs: 5 }, 7, 2_000],
    ['of small rows, bytes', { parts: 13, events: 200, bytes: 8_000, partMs: 5 }, 1, 14_000],
  ];
  for (const [what, each, events, bytes] of beside)
    test(`${what} being the rate of which small requests of the same key take 70 %`, () => {
      const limit = makeRateLimit(rates, 1)!;
      const upload = makeUploader(limit, each);
      const small = Array.from({ length: 20 }, makeClient);
      for (let nowMs = 0; nowMs < 600_000; nowMs++) {
        upload.step(nowMs);
        // Each of the twenty in its turn, one request in 20 ms: what the last took is not back when an upload begins.
        const one = small[((nowMs - 13) / 20) % 20];
        if (one === undefined || nowMs < one.readyAtMs || !obey(one, limit.foresee(1, bytes, nowMs), nowMs)) continue;
        if (obey(one, limit.spend(events, bytes, nowMs), nowMs)) one.taken++;
      }
      const { taken, refused } = upload.client;
      assert.ok(taken === 60 && refused < 20, `${taken} of 60 uploads were taken, ${refused} times they were 429`);
    });

  test('that begins slowly keeps the lead when a small one takes of what is full again', () => {
    const limit = makeRateLimit({ eventsPerSecond: 1_000, bytesPerSecond: 0 }, 1)!;
    const paid = makePaid();
    assert.equal(limit.spend(10, 0, 0, paid, false).refusal, undefined);
    assert.equal(limit.spend(1, 0, 500).refusal, undefined);
    for (let part = 1; part <= 20; part++)
      assert.equal(limit.spend(200, 0, 500 + part / 100, paid, part === 20).refusal, undefined, `${part}`);
  });

  test('that went beyond the burst is read on when the bucket is full again, though another leads now', () => {
    const limit = makeRateLimit({ eventsPerSecond: 100, bytesPerSecond: 0 }, 1)!;
    const [slow, other] = [makePaid(), makePaid()];
    for (const [rows, nowMs, paid] of [
      [60, 0, slow],
      [200, 100, slow],
      [1, 10_000, other],
      [1, 60_000, slow],
      [1, 60_001, other],
      [1, 60_002, slow],
      [200, 60_003, slow],
    ] as const)
      assert.equal(limit.spend(rows, 0, nowMs, paid, false).refusal, undefined, `${rows} at ${nowMs} ms`);
  });
});
