import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRanges } from '#domain/door/acked-ranges.ts';

const range = (partition: number, first: number, last: number) => ({ topic: 't', partition, first, last });

test('neighbours merge, gaps stay, partitions keep apart', () => {
  assert.deepEqual(mergeRanges([range(0, 0, 3), range(1, 4, 4), range(0, 4, 4), range(0, 6, 9), range(1, 5, 7), range(0, 10, 10)]), [
    range(0, 0, 4),
    range(1, 4, 7),
    range(0, 6, 10),
  ]);
});

test('ranges that overlap, or lie within another, merge to what they cover', () => {
  assert.deepEqual(mergeRanges([range(0, 0, 9), range(0, 2, 4), range(0, 5, 12), range(0, 13, 13), range(0, 15, 15)]), [
    range(0, 0, 13),
    range(0, 15, 15),
  ]);
});

test('places are told apart as the caller says, and the first range gives the rest', () => {
  const given = [
    { ...range(0, 0, 1), day: 'a' },
    { ...range(0, 2, 3), day: 'b' },
    { ...range(0, 4, 5), day: 'b' },
  ];
  assert.deepEqual(
    mergeRanges(given, ({ day }) => day),
    [
      { ...range(0, 0, 1), day: 'a' },
      { ...range(0, 2, 5), day: 'b' },
    ],
  );
});

test('a range that comes after a later one stays as it is', () => {
  assert.deepEqual(mergeRanges([range(0, 10, 19), range(0, 0, 9)]), [range(0, 10, 19), range(0, 0, 9)]);
});
