import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PartitionRecords } from '#domain/lake/batch-plan.ts';
import type { PartitionCounts, WinnerCounts } from '#domain/lake/check.ts';
import { checkCompleteness } from '#domain/lake/check.ts';

const expected: PartitionRecords[] = [
  { kind: 'pin', topic: 'p', partition: 0, records: 10 },
  { kind: 'geo', topic: 'g', partition: 1, records: 4 },
];
const counts: PartitionCounts[] = [
  { kind: 'pin', topic: 'p', partition: 0, records: 6, clean: 5, rejects: 1 },
  { kind: 'pin', topic: 'p', partition: 0, records: 4, clean: 4, rejects: 0 },
  { kind: 'geo', topic: 'g', partition: 1, records: 4, clean: 4, rejects: 0 },
];
const winners: WinnerCounts[] = [
  { kind: 'pin', rows: 7 },
  { kind: 'geo', rows: 4 },
];

describe('completeness', () => {
  test('records = clean + rejects + duplicates, over parts and kinds', () => {
    assert.deepEqual(checkCompleteness(expected, counts, winners, 1), { records: 14, clean: 11, rejects: 1, duplicates: 2, problems: [] });
  });

  const wrong: [name: string, check: () => ReturnType<typeof checkCompleteness>, problem: RegExp][] = [
    [
      'a partition was not read',
      () => checkCompleteness(expected, counts.slice(0, 2), winners, 1),
      /g\/1 has 4 records by its cuts, 0 were read/,
    ],
    [
      'a part was read twice',
      () => checkCompleteness(expected, [...counts, counts[0]!], winners, 1),
      /p\/0 has 10 records by its cuts, 16 were read/,
    ],
    [
      'rows of another interval',
      () => checkCompleteness(expected, [...counts, { ...counts[0]!, partition: 5 }], winners, 2),
      /6 records of p\/5 were read, which the interval does not hold/,
    ],
    [
      'a record became nothing',
      () => checkCompleteness(expected, [{ ...counts[0]!, clean: 4 }, ...counts.slice(1)], winners, 1),
      /6 records became 4 clean rows and 1 rejects/,
    ],
    [
      'more winners than rows',
      () => checkCompleteness(expected, counts, [{ kind: 'pin', rows: 10 }, winners[1]!], 1),
      /pin: 9 clean rows left 10 winners/,
    ],
    ['no winner at all', () => checkCompleteness(expected, counts, [winners[0]!], 1), /geo: 4 clean rows left 0 winners/],
    ['a reject was lost', () => checkCompleteness(expected, counts, winners, 0), /1 records were rejected, the rejects file holds 0/],
  ];
  for (const [name, check, problem] of wrong) {
    test(`fails where ${name}`, () => assert.match(check().problems.join('; '), problem));
  }
});
