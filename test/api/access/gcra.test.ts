import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeBucket } from '#api/access/gcra.ts';
import { makeRateLimit } from '#api/access/rate-limit.ts';

type Try = { atMs: number; cost: number };

// Small costs close together fill a bucket to its brim, large ones overdraw it.
const rates = fc.record({ rate: fc.double({ min: 0.5, max: 1_000, noNaN: true }), burst: fc.integer({ min: 1, max: 100 }) });
const afterMs = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 }));
const cost = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 10 }), weight: 9 },
  { arbitrary: fc.integer({ min: 0, max: 300 }), weight: 1 },
);
const tries = fc.array(fc.record({ afterMs, cost }), { minLength: 1, maxLength: 80 }).map((steps) => {
  let atMs = 0;
  return steps.map((step): Try => ({ atMs: (atMs += step.afterMs), cost: step.cost }));
});

describe('a bucket', () => {
  test('lets through at most rate * W + the larger of burst and largest cost, in any W seconds', () => {
    fc.assert(
      fc.property(rates, tries, ({ rate, burst }, all) => {
        const bucket = makeBucket(rate, burst);
        const passed = all.filter((one) => {
          if (bucket.waitMs(one.cost, one.atMs) > 0) return false;
          bucket.take(one.cost, one.atMs);
          return true;
        });
        const most = Math.max(burst, ...passed.map((one) => one.cost));
        for (let from = 0; from < passed.length; from++) {
          let sum = 0;
          for (const one of passed.slice(from)) {
            sum += one.cost;
            const seconds = (one.atMs - passed[from]!.atMs) / 1_000;
            assert.ok(sum <= rate * seconds + most + 1e-6 * (1 + sum), `${sum} in ${seconds} s`);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('lets through whatever waited as long as it said, and not a millisecond before', () => {
    fc.assert(
      fc.property(rates, tries, ({ rate, burst }, all) => {
        const bucket = makeBucket(rate, burst);
        for (const one of all) {
          const waitMs = bucket.waitMs(one.cost, one.atMs);
          assert.ok(bucket.waitMs(one.cost, one.atMs + waitMs + 1e-6) <= 1e-6);
          if (waitMs > 1) assert.ok(bucket.waitMs(one.cost, one.atMs + waitMs - 1) > 0);
          if (waitMs === 0) bucket.take(one.cost, one.atMs);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('that is full lets through any cost, and afterwards nothing until that is paid', () => {
    const bucket = makeBucket(10, 10);
    assert.equal(bucket.waitMs(100, 0), 0);
    bucket.take(100, 0);
    assert.equal(bucket.remaining(0), 0);
    assert.equal(Math.round(bucket.waitMs(1, 0)), 9_100);
    assert.equal(Math.round(bucket.waitMs(100, 0)), 10_000);
    assert.equal(bucket.waitMs(0, 0), 0);
  });
});

describe('the limit of a key', () => {
  test('tells the quota, what is left and when all of it is back', () => {
    const limit = makeRateLimit({ eventsPerSecond: 10, bytesPerSecond: 1_000 }, 1)!;
    assert.deepEqual(limit.spend(3, 100, 0), {
      headers: {
        'RateLimit-Policy': '"events";q=10;w=1, "bytes";q=1000;w=1;qu="content-bytes"',
        RateLimit: '"events";r=7;t=1, "bytes";r=900;t=1',
      },
    });
  });

  test('refuses with the time to wait, and what was looked at is owed', () => {
    const limit = makeRateLimit({ eventsPerSecond: 10, bytesPerSecond: 1_000 }, 1)!;
    limit.spend(1, 3_000, 0);
    const { headers, refusal } = limit.spend(1, 1_000, 0);
    assert.equal(refusal?.status, 429);
    assert.equal(refusal?.reason, 'rate_limited');
    assert.deepEqual(refusal?.headers, { 'Retry-After': '4' });
    assert.match(headers['RateLimit']!, /^"events";r=8;t=1, "bytes";r=0;t=4$/);
    assert.equal(limit.spend(1, 1_000, 4_000).refusal, undefined);
  });

  test('begins nothing before what it refused would pass, so that who asks too early does not pay again and again', () => {
    const limit = makeRateLimit({ eventsPerSecond: 10, bytesPerSecond: 0 }, 1)!;
    limit.spend(6, 0, 0);
    assert.deepEqual(limit.spend(6, 0, 0).refusal?.headers, { 'Retry-After': '1' });
    for (const atMs of [300, 500, 799]) assert.equal(limit.foresee(1, 0, atMs)?.refusal.status, 429, `${atMs}`);
    assert.equal(limit.foresee(1, 0, 800), undefined);
    assert.equal(limit.spend(6, 0, 800).refusal, undefined);
    assert.equal(limit.foresee(1, 0, 900), undefined);
  });

  test('is a share of it in each of several processes', () => {
    const limit = makeRateLimit({ eventsPerSecond: 10, bytesPerSecond: 0 }, 4)!;
    const taken = Array.from({ length: 10 }, () => limit.spend(1, 1, 0)).filter(({ refusal }) => refusal === undefined);
    assert.equal(taken.length, 2);
    assert.equal(taken[0]!.headers['RateLimit-Policy'], '"events";q=2;w=1');
  });

  test('is none where neither rate is limited', () => {
    assert.equal(makeRateLimit({ eventsPerSecond: 0, bytesPerSecond: 0 }, 1), undefined);
  });
});
