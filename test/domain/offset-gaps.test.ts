import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countOffsets, findGaps, multirangeText, nameGaps } from '#domain/offset-gaps.ts';

test('gaps and records tile the range, whatever is missing', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 10, max: 60 })), (offsets) => {
      const records = offsets.toSorted((one, other) => one - other).map((offset) => ({ offset }));
      const gaps = findGaps(10, 61, records);
      assert.equal(countOffsets(gaps) + records.length, 51);
      const covered = [
        ...records.map(({ offset }) => offset),
        ...gaps.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)),
      ];
      assert.deepEqual(
        covered.toSorted((one, other) => one - other),
        Array.from({ length: 51 }, (_, i) => 10 + i),
      );
      assert.ok(
        gaps.every(({ from }, i) => i === 0 || from > gaps[i - 1]!.to),
        'neighbours are one gap',
      );
    }),
  );
});

test('records out of the range or out of order are a fault, not a gap', () => {
  assert.throws(() => findGaps(5, 10, [{ offset: 4 }]), RangeError);
  assert.throws(() => findGaps(5, 10, [{ offset: 10 }]), RangeError);
  assert.throws(() => findGaps(5, 10, [{ offset: 7 }, { offset: 7 }]), RangeError);
});

test('gaps are written for Postgres and for people', () => {
  const gaps = [
    { from: 3, to: 4 },
    { from: 7, to: 10 },
  ];
  assert.equal(multirangeText(gaps), '{[3,4),[7,10)}');
  assert.equal(multirangeText([]), '{}');
  assert.equal(nameGaps(gaps), '3, 7 to 9');
  assert.equal(nameGaps([...gaps, { from: 20, to: 21 }, { from: 30, to: 31 }, { from: 40, to: 41 }]), '3, 7 to 9, 20 and 2 more');
});
