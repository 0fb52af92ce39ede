import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { rowNumberNames } from '#domain/kinds/kind.ts';
import { kindDefinitions, kinds } from '#domain/kinds/list.ts';
import { classifyValue, textOfValue } from '#domain/value.ts';
import type { Halves } from '#test/domain/clean/halves.ts';
import { openHalves, recordsOf } from '#test/domain/clean/halves.ts';
import { anyCharacter } from '#test/support/any-character.ts';

// Members as clients, wrong clients and enemies send them.
const names = [...new Set([...rowNumberNames, ...kindDefinitions.flatMap(({ wire }) => wire.map(({ name }) => name)), 'other'])];
const telling = [
  '5k',
  '1.5M',
  ' 7 ',
  '7.0',
  'User Info Error',
  'Image src error.',
  'No Title Data Available',
  'a,b,,\u00a0',
  '2020-08-28T03:52:47+02:00',
  '08/28/2020, 03:52:47',
  '2020-02-30 00:00:00',
  '\u00a0',
  'a\u0000b',
  '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d',
  'true',
  '0',
  '-0',
  '1e5',
];
const member = fc.tuple(
  fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: fc.string({ unit: anyCharacter, maxLength: 5 }) }),
  fc.oneof(
    fc.constantFrom(...telling).map((text) => JSON.stringify(text)),
    fc.string({ unit: anyCharacter, maxLength: 12 }).map((text) => JSON.stringify(text)),
    fc.double().map((number) => JSON.stringify(number)),
    fc.constantFrom(
      '0',
      '-0',
      '-0.0',
      '1e400',
      '-1E-400',
      '9007199254740993',
      '123456789012345678901234567890',
      '0.1e+1',
      '1.50',
      'true',
      'false',
      'null',
      '"\\ud83d"',
      '"\\ud83d\\ude80\\u0000"',
      '{}',
      '[]',
      '{"a":{"a":1e5}}',
      '[[[1.0]]]',
      `1${'0'.repeat(400)}`,
      `0.${'3'.repeat(400)}`,
      `1e${'9'.repeat(300)}`,
    ),
    fc.json({ maxDepth: 3, stringUnit: anyCharacter }),
  ),
);
const object = fc
  .tuple(
    fc.array(member, { maxLength: 8 }),
    fc.constantFrom('', '', '', '\n', ' ', '\t', '\r\n'),
    fc.constantFrom('', '', '', '', '\ufeff', 'x'),
  )
  .map(([members, gap, before]) =>
    Buffer.from(`${before}{${members.map(([name, value]) => `${gap}${JSON.stringify(name)}:${gap}${value}`).join()}}${gap}`),
  );
const value = fc.oneof(
  { weight: 9, arbitrary: object },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.json().map((json) => Buffer.from(json)) },
);

describe('batch and stream', () => {
  let halves: Halves;
  before(async () => {
    halves = await openHalves();
  });
  after(() => halves.close());

  for (const kind of kinds) {
    test(`make the same ${kind} rows of the same bytes`, async () => {
      const seed = Date.now() % 2 ** 31;
      await fc.assert(
        fc.asyncProperty(fc.array(value, { minLength: 50, maxLength: 150 }), async (values) => {
          const given = recordsOf(values, [['received-at', Buffer.from('2026-01-02T03:04:05Z')]]);
          const [batch, stream] = [await halves.batch(kind, given), await halves.stream(kind, given)];
          assert.equal(batch.length, values.length);
          for (const [i, row] of batch.entries()) {
            if (row['reject'] === null) assert.deepEqual(stream[i], row);
            else assert.equal(stream[i]!['reject'], row['reject']);
          }
        }),
        { numRuns: 15, seed },
      );
    });
  }

  test('every spliced value is one row with equal content', async () => {
    const seed = Date.now() % 2 ** 31;
    await fc.assert(
      fc.asyncProperty(fc.array(object, { minLength: 100, maxLength: 200 }), async (values) => {
        const given = recordsOf(values.filter((bytes) => classifyValue(bytes).splice));
        const rows = await halves.readValues(given);
        assert.equal(rows.length, given.length);
        // Numbers keep their value, not their spelling, and -0 is 0: one spelling for both.
        for (const [i, row] of rows.entries())
          assert.equal(JSON.stringify(JSON.parse(row)), JSON.stringify(JSON.parse(textOfValue(given[i]!.value!))));
      }),
      { numRuns: 20, seed },
    );
  });
});
