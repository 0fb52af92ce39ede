import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeBucket } from '#api/access/gcra.ts';
import type { Taken } from '#api/access/taken-in-parts.ts';
import { makeTaken, makeTakenInParts } from '#api/access/taken-in-parts.ts';

/** One bucket alone. */
function makeShared(rate: number, burst: number) {
  const bucket = makeBucket(rate, burst);
  const takenInParts = makeTakenInParts([{ name: 'events', bucket }]);
  const costsOf = (events: number) => ({ events, bytes: 0 });
  return {
    passes: (cost: number, nowMs: number, taken?: Taken): boolean => takenInParts.exceeded(costsOf(cost), nowMs, taken).length === 0,
    take: (cost: number, nowMs: number, taken?: Taken, isLast = false): void => takenInParts.take(costsOf(cost), nowMs, taken, isLast),
    owe: (cost: number, nowMs: number): void => bucket.take(cost, nowMs),
    resetMs: (nowMs: number): number => bucket.resetMs(nowMs),
  };
}

/** Steps of three requests that are read at once, each in parts; and of others that come in one piece (-1). */
const step = fc.record({
  who: fc.integer({ min: -1, max: 2 }),
  afterMs: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.integer({ min: 1, max: 2_000 }), weight: 1 }),
  cost: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 300 })),
  isLast: fc.oneof({ arbitrary: fc.constant(false), weight: 2 }, { arbitrary: fc.constant(true), weight: 1 }),
});

type Reading = { taken: Taken; parts: { atMs: number; cost: number }[] };

/** What passed, as requests: all of their parts. A request that is refused or goes on for ever does not pass. */
function play(rate: number, burst: number, steps: readonly { who: number; afterMs: number; cost: number; isLast: boolean }[]): Reading[] {
  const bucket = makeShared(rate, burst);
  const passed: Reading[] = [];
  const reading = new Map<number, Reading>();
  let atMs = 0;
  for (const { who, afterMs, cost, isLast } of steps) {
    atMs += afterMs;
    const one = reading.get(who) ?? { taken: makeTaken(), parts: [] };
    const taken = who < 0 ? undefined : one.taken;
    if (!bucket.passes(cost, atMs, taken)) {
      bucket.owe(cost, atMs);
      reading.delete(who);
      continue;
    }
    bucket.take(cost, atMs, taken, isLast);
    one.parts.push({ atMs, cost });
    if (who >= 0 && !isLast) reading.set(who, one);
    else {
      reading.delete(who);
      passed.push(one);
    }
  }
  return passed;
}

describe('requests that pay in parts', () => {
  test('pass as whole ones do: at most rate * W + the larger of burst and the largest request, in any W seconds', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 1_000, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(step, { minLength: 1, maxLength: 80 }),
        (rate, burst, steps) => {
          const passed = play(rate, burst, steps);
          const most = Math.max(burst, ...passed.map(({ parts }) => parts.reduce((sum, { cost }) => sum + cost, 0)));
          const all = passed.flatMap(({ parts }) => parts).toSorted((one, other) => one.atMs - other.atMs);
          for (let from = 0; from < all.length; from++) {
            let sum = 0;
            for (const { atMs, cost } of all.slice(from)) {
              sum += cost;
              const seconds = (atMs - all[from]!.atMs) / 1_000;
              assert.ok(sum <= rate * seconds + most + 1e-6 * (1 + sum), `${sum} in ${seconds} s`);
            }
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('end where the one that leads needs what they took beside it', () => {
    const bucket = makeShared(100, 100);
    const [lead, other] = [makeTaken(), makeTaken()];
    bucket.take(10, 0, lead);
    assert.ok(bucket.passes(80, 0, other));
    bucket.take(80, 0, other);
    assert.ok(bucket.passes(50, 0, lead));
    bucket.take(50, 0, lead, true);
    assert.ok(!bucket.passes(0, 0, other));
    assert.ok(!bucket.passes(0, 60_000, other));
    // Nor once another leads: the 80 and the lead's 60 would have passed at one time.
    bucket.take(1, 60_000, makeTaken());
    assert.ok(!bucket.passes(0, 60_001, other));
  });

  test('wait for what passed beside the lead, where what flowed in before was kept by what is owed', () => {
    const bucket = makeShared(1_000, 1_000);
    const lead = makeTaken();
    bucket.take(1, 0, lead);
    bucket.owe(500, 0);
    bucket.take(3, 400, lead);
    bucket.take(3, 400);
    // Its 1,000 in all let no more than 1,000 pass at one time: 3 + 3 + 996 are two more.
    assert.ok(!bucket.passes(996, 401.9, lead));
    assert.ok(bucket.passes(996, 402.1, lead));
  });

  test('at once do not keep each other out: one of them passes, whatever is looked at in turn', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 1, max: 10 }),
        fc.infiniteStream(fc.nat()),
        (burst, requests, partsEach, chance) => {
          const bucket = makeShared(burst, burst);
          const waiting = Array.from({ length: requests }, () => ({ taken: makeTaken(), left: partsEach }));
          let passed = 0;
          let looked = 0;
          while (waiting.length > 0) {
            const [one] = waiting.splice(chance.next().value % waiting.length, 1);
            looked += 200;
            if (!bucket.passes(200, 0, one!.taken)) {
              bucket.owe(200, 0);
              continue;
            }
            bucket.take(200, 0, one!.taken, --one!.left === 0);
            if (one!.left > 0) waiting.push(one!);
            else passed++;
          }
          assert.ok(passed > 0);
          assert.equal(Math.round((bucket.resetMs(0) * burst) / 1_000), looked, 'not all that was looked at is owed');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
