import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CutOffset } from '#domain/intervals.ts';
import {
  boundaryAfter,
  closedBoundaries,
  compactTime,
  cutMarginMs,
  findCuts,
  isOnGrid,
  originBefore,
  raiseCut,
  sameCut,
  timeText,
} from '#domain/intervals.ts';

const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const length = fc.integer({ min: 1, max: 90_000_000 });

describe('boundaries', () => {
  test('the one after a boundary is the next multiple of the length, whatever length the one before had', () => {
    fc.assert(
      fc.property(time, length, (boundary, intervalMs) => {
        const next = boundaryAfter(boundary, intervalMs);
        assert.ok(next > boundary && next - boundary <= intervalMs && next % intervalMs === 0);
      }),
    );
  });

  test('closed ones follow each other without a gap, are past by the margin, and the next is not', () => {
    fc.assert(
      fc.property(time, length, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 10_000 }), (last, intervalMs, count, more) => {
        const now = last + count * intervalMs + more;
        const closed = closedBoundaries(last, now, intervalMs, 1_000);
        let before = last;
        for (const one of closed) {
          assert.equal(one, boundaryAfter(before, intervalMs));
          assert.ok(one + cutMarginMs <= now);
          before = one;
        }
        if (closed.length < 1_000) assert.ok(boundaryAfter(before, intervalMs) + cutMarginMs > now);
      }),
    );
  });

  test('a call cuts no more than it is told', () => {
    assert.equal(closedBoundaries(0, 1e9, 1, 7).length, 7);
  });

  test('the origin is the last multiple of the length', () => {
    fc.assert(
      fc.property(time, length, (now, intervalMs) => {
        const origin = originBefore(now, intervalMs);
        assert.ok(origin <= now && now - origin < intervalMs && origin % intervalMs === 0);
      }),
    );
  });
});

describe('cuts', () => {
  const partitions = [
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 1 },
    { topic: 'b', partition: 0 },
  ];
  const cutOf = (offsets: readonly number[]): CutOffset[] => partitions.map((one, i) => ({ ...one, offset: offsets[i]! }));
  const offsets = fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)), { maxLength: 60 });

  test('never step back, whatever the look-up says', async () => {
    await fc.assert(
      fc.asyncProperty(offsets, async (perBoundary) => {
        const boundaries = perBoundary.map((_, i) => i);
        const found = await findCuts(boundaries, cutOf([3, 3, 3]), async (at) => cutOf(perBoundary[at]!));
        assert.deepEqual(
          found.flatMap((one) => one.boundaries),
          boundaries,
        );
        let before = cutOf([3, 3, 3]);
        for (const { offsets: cut } of found) {
          for (const [i, { offset }] of cut.entries()) assert.ok(offset >= before[i]!.offset);
          before = cut;
        }
      }),
    );
  });

  test('lose no partition that a look-up misses, whichever misses which', async () => {
    // Per boundary and partition: the offset, or nothing where the look-up misses it.
    const some = fc.option(fc.nat(20), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(some, some, some), { maxLength: 60 }), async (perBoundary) => {
        const previous = cutOf([3, 3, 3]).slice(0, 2);
        const looked = perBoundary.map((found) =>
          partitions.flatMap((one, i) => (found[i] === undefined ? [] : [{ ...one, offset: found[i] }])),
        );
        const found = await findCuts(
          looked.map((_, i) => i),
          previous,
          async (at) => looked[at]!,
        );
        let before: CutOffset[] = previous;
        for (const { offsets: cut } of found) {
          for (const known of before) {
            const now = cut.find(({ topic, partition }) => topic === known.topic && partition === known.partition);
            assert.ok(now !== undefined && now.offset >= known.offset, `${known.topic}/${known.partition} stays known`);
          }
          before = cut;
        }
      }),
    );
  });

  test('are those of each single look-up where time and offsets go together', async () => {
    await fc.assert(
      fc.asyncProperty(offsets, async (steps) => {
        const sums = [0, 0, 0];
        // Most minutes are quiet.
        const truth = steps.map((step) => cutOf(step.map((n, i) => (sums[i]! += n > 17 ? n : 0))));
        const found = await findCuts(
          truth.map((_, i) => i),
          cutOf([0, 0, 0]),
          async (at) => truth[at]!,
        );
        for (const one of found) for (const at of one.boundaries) assert.deepEqual(one.offsets, truth[at]);
      }),
    );
  });

  test('of a quiet stretch cost one look-up, of one busy minute in it a few', async () => {
    const count = async (truth: (at: number) => number[]): Promise<number> => {
      let lookUps = 0;
      await findCuts(
        Array.from({ length: 10_000 }, (_, i) => i),
        cutOf([5, 5, 5]),
        async (at) => {
          lookUps++;
          return cutOf(truth(at));
        },
      );
      return lookUps;
    };
    assert.equal(await count(() => [5, 5, 5]), 1);
    assert.ok((await count((at) => (at < 7_000 ? [5, 5, 5] : [5, 9, 5]))) < 40);
  });

  test('a partition that is new began at offset 0', () => {
    const before = [{ topic: 'a', partition: 0, offset: 4 }];
    const later = [
      { topic: 'a', partition: 0, offset: 4 },
      { topic: 'a', partition: 1, offset: 0 },
    ];
    assert.equal(sameCut(before, later), true);
    assert.equal(sameCut(before, raiseCut([later[0]!, { ...later[1]!, offset: 1 }], before)), false);
  });
});

describe('names of times', () => {
  const cases: [ms: number, text: string, compact: string][] = [
    [Date.UTC(2026, 10, 20, 12), '2026-11-20T12:00:00Z', '20261120T120000Z'],
    [Date.UTC(2026, 10, 20, 12) + 500, '2026-11-20T12:00:00.500Z', '20261120T120000500Z'],
  ];
  for (const [ms, text, compact] of cases) {
    test(text, () => {
      assert.equal(timeText(ms), text);
      assert.equal(compactTime(text), compact);
    });
  }

  test('a time is on the grid where a schedule with interval and offset has one', () => {
    assert.equal(isOnGrid(63_000, 60_000, 3_000), true);
    assert.equal(isOnGrid(63_001, 60_000, 3_000), false);
    assert.equal(isOnGrid(60_000, 60_000, 3_000), false);
  });
});
