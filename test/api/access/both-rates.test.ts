import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Access } from '#api/access/caller.ts';
import { openAccess } from '#api/access/open-access.ts';
import { makeRateLimit } from '#api/access/rate-limit.ts';
import type { Payment } from '#api/door/payment.ts';
import { payAll, payOn } from '#api/door/payment.ts';

type Costs = { events: number; bytes: number };
const rates: Costs = { events: 1_000, bytes: 1_000_000 };

/** What a body brings between two payments: bytes without a row, rows whose bytes were paid for, or both. */
const turn = fc.record({
  rows: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
  bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 131_072 }), fc.integer({ min: 1, max: 2_000_000 })),
});
const body = fc.array(turn, { minLength: 1, maxLength: 8 });

/** Requests of one key, at the time that `clock` says. */
function makeRequests(clock: { nowMs: number }, { events, bytes }: Costs = rates) {
  const limit = makeRateLimit({ eventsPerSecond: events, bytesPerSecond: bytes }, 1)!;
  const access: Access = {
    ...openAccess,
    spend: (_, events, bytes, paid, isLast) => limit.spend(events, bytes, clock.nowMs, paid, isLast),
  };
  return function begin(): { pay: (rows: number, bytes: number, isLast: boolean) => boolean } {
    const payment: Payment = { access, caller: { keyId: 'key', name: 'key', scopes: new Set() }, paid: undefined, refused: undefined };
    let [allRows, allBytes] = [0, 0];
    return {
      pay(rows, bytes, isLast) {
        allRows += rows;
        allBytes += bytes;
        // The door pays for what came last apart where it has paid before.
        if (payment.paid !== undefined || !isLast) if (payOn(payment, allRows, allBytes) !== undefined) return false;
        return !isLast || payAll(payment, Math.max(1, allRows), allBytes)?.refusal === undefined;
      },
    };
  };
}

describe('requests that pay in parts under both rates', () => {
  test('do not keep each other out where one brings bytes first and the other rows', () => {
    const begin = makeRequests({ nowMs: 0 });
    const [bytesFirst, rowsFirst] = [begin(), begin()];
    assert.ok(bytesFirst.pay(0, 131_072, false));
    assert.ok(rowsFirst.pay(600, 131_072, false));
    assert.ok(bytesFirst.pay(600, 0, false), 'the first leads');
    assert.ok(!rowsFirst.pay(200, 1_000_000, false));
    assert.ok(bytesFirst.pay(200, 2_000_000, true));
  });

  test('go beyond the burst that was full, though a small one has just taken of the other', () => {
    const begin = makeRequests({ nowMs: 0 });
    assert.ok(begin().pay(1, 0, true));
    const upload = begin();
    for (let part = 1; part <= 46; part++) assert.ok(upload.pay(1, 65_536, part === 46), `${part}`);
    // Not of the other: what it had left is 954 events of 1,000.
    assert.ok(begin().pay(950, 0, true));
    assert.ok(!begin().pay(10, 0, true));
  });

  test('leave the lead to the next when they stop paying: whoever leaves in the middle keeps nobody out', () => {
    const clock = { nowMs: 0 };
    const begin = makeRequests(clock);
    assert.ok(begin().pay(1, 65_536, false));
    clock.nowMs = 2_000;
    assert.ok(begin().pay(1, 0, true));
    const upload = begin();
    for (let part = 1; part <= 46; part++) assert.ok(upload.pay(1, 65_536, part === 46), `${part}`);
  });

  test('bring an event at least: where another has taken all there was, a body is not looked at though its rows are unknown', () => {
    const begin = makeRequests({ nowMs: 0 }, { events: 10, bytes: 0 });
    const [first, second, third] = [begin(), begin(), begin()];
    for (const one of [first, second]) assert.ok(one.pay(0, 65_536, false));
    assert.ok(first.pay(80_000, 0, true));
    for (const one of [second, third]) assert.ok(!one.pay(0, 65_536, false));
  });

  test('at once: one of them passes, whatever they bring and whatever is looked at in turn', () => {
    fc.assert(
      fc.property(fc.array(body, { minLength: 2, maxLength: 6 }), fc.infiniteStream(fc.nat()), (bodies, chance) => {
        const begin = makeRequests({ nowMs: 0 });
        const waiting = bodies.map((turns) => ({ request: begin(), turns: turns.slice() }));
        let passed = 0;
        while (waiting.length > 0) {
          const [one] = waiting.splice(chance.next().value % waiting.length, 1);
          const { rows, bytes } = one!.turns.shift()!;
          const isLast = one!.turns.length === 0;
          if (!one!.request.pay(rows, bytes, isLast)) continue;
          if (isLast) passed++;
          else waiting.push(one!);
        }
        assert.ok(passed > 0);
      }),
      { numRuns: 2_000 },
    );
  });

  test('pass at most rate * W + the larger of burst and the largest request, of each unit in any W seconds', () => {
    const step = fc.record({
      who: fc.integer({ min: 0, max: 3 }),
      afterMs: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.integer({ min: 1, max: 2_000 }), weight: 1 }),
      turn,
      isLast: fc.oneof({ arbitrary: fc.constant(false), weight: 2 }, { arbitrary: fc.constant(true), weight: 1 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const clock = { nowMs: 0 };
        const begin = makeRequests(clock);
        const reading = new Map<number, { request: ReturnType<typeof begin>; parts: (Costs & { atMs: number })[] }>();
        const passed: (Costs & { atMs: number })[][] = [];
        for (const {
          who,
          afterMs,
          turn: { rows, bytes },
          isLast,
        } of steps) {
          clock.nowMs += afterMs;
          const one = reading.get(who) ?? { request: begin(), parts: [] };
          reading.delete(who);
          if (!one.request.pay(rows, bytes, isLast)) continue;
          one.parts.push({ atMs: clock.nowMs, events: rows, bytes });
          if (isLast) passed.push(one.parts);
          else reading.set(who, one);
        }
        for (const unit of ['events', 'bytes'] as const) assertBounded(passed, unit);
      }),
      { numRuns: 2_000 },
    );
  });
});

function assertBounded(requests: readonly (readonly (Costs & { atMs: number })[])[], unit: keyof Costs): void {
  const most = Math.max(rates[unit], ...requests.map((parts) => parts.reduce((sum, part) => sum + part[unit], 0)));
  const all = requests.flat().toSorted((one, other) => one.atMs - other.atMs);
  for (let from = 0; from < all.length; from++) {
    let sum = 0;
    for (const part of all.slice(from)) {
      sum += part[unit];
      const seconds = (part.atMs - all[from]!.atMs) / 1_000;
      assert.ok(sum <= rates[unit] * seconds + most + 1e-6 * (1 + sum), `${sum} ${unit} in ${seconds} s`);
    }
  }
}
