import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LandedRange, RawSlice } from '#domain/lake/batch-plan.ts';
import { coverRange, planParts } from '#domain/lake/batch-plan.ts';
import { kinds } from '#domain/kinds/list.ts';

const range = (from: number, to: number): Parameters<typeof coverRange>[0] => ({ topic: 't', partition: 0, from, to });
const landed = (first: number, last: number): LandedRange => ({
  first,
  last,
  objectKey: `${first}-${last}`,
  objectBytes: last - first + 1,
});

describe('the slices of an offset range', () => {
  test('cover it exactly, each offset once, whatever objects the landing made', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (lengths, a, b) => {
        let next = 0;
        const ranges = lengths.map((length) => landed(next, (next += length) - 1));
        const [from, to] = [a % (next + 1), b % (next + 1)].toSorted((x, y) => x - y) as [number, number];
        const slices = coverRange(range(from, to), ranges);
        const offsets = slices.flatMap((slice) => Array.from({ length: slice.to - slice.from }, (_, i) => slice.from + i));
        assert.deepEqual(
          offsets,
          Array.from({ length: to - from }, (_, i) => from + i),
        );
        for (const slice of slices) {
          const [first, last] = slice.objectKey.split('-').map(Number);
          assert.ok(slice.from >= first! && slice.to - 1 <= last!);
        }
      }),
    );
  });

  const refused: [name: string, ranges: LandedRange[], message: RegExp][] = [
    ['nothing landed', [], /lack offsets 2 to 9/],
    ['a gap at the start', [landed(4, 9)], /lack offsets 2 to 3/],
    ['a gap in the middle', [landed(0, 4), landed(7, 12)], /lack offsets 5 to 6/],
    ['a gap at the end', [landed(0, 4), landed(5, 7)], /lack offsets 8 to 9/],
    ['an overlap', [landed(0, 5), landed(4, 9)], /overlap/],
  ];
  for (const [name, ranges, message] of refused) {
    test(`are refused with topic, partition and offsets: ${name}`, () => {
      assert.throws(() => coverRange(range(2, 10), ranges), { kind: 'check_failed', message });
    });
  }
});

describe('parts', () => {
  test('hold every slice once, in order, and no more bytes than they may but for a single large object', () => {
    const slice = fc.record({ kind: fc.constantFrom(...kinds), bytes: fc.integer({ min: 1, max: 50 }) });
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 40 }), fc.integer({ min: 1, max: 100 }), (given, max) => {
        const slices = given
          .toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
          .map(({ kind, bytes }, i) => ({
            kind,
            slice: { topic: kind, partition: 0, from: i, to: i + 1, objectKey: String(i), objectBytes: bytes } satisfies RawSlice,
          }));
        const parts = planParts(slices, max);
        assert.deepEqual(
          parts.flatMap((part) => part.slices.flatMap((group) => group.slices.map((one) => ({ kind: group.kind, slice: one })))),
          slices,
        );
        for (const [i, part] of parts.entries()) {
          const all = part.slices.flatMap((group) => group.slices);
          assert.equal(part.index, i);
          assert.equal(
            part.bytes,
            all.reduce((sum, one) => sum + one.objectBytes, 0),
          );
          assert.ok(part.bytes <= max || all.length === 1);
          assert.equal(new Set(part.slices.map((group) => group.kind)).size, part.slices.length);
        }
      }),
    );
  });
});
