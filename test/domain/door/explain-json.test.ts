import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { explainJson } from '#domain/door/explain-json.ts';
import { isJson } from '#test/domain/door/is-json.ts';

// Taken from json.loads of Python 3.11 and 3.12.
const cases: readonly [text: string, position: number, error: string][] = [
  ['', 0, 'Expecting value'],
  [' \n', 2, 'Expecting value'],
  ['{', 1, 'Expecting property name enclosed in double quotes'],
  ['{"a":x}', 5, 'Expecting value'],
  ['{"a" 1}', 5, "Expecting ':' delimiter"],
  ['{"a":1 "b":2}', 7, "Expecting ',' delimiter"],
  ['{"a":1,}', 7, 'Expecting property name enclosed in double quotes'],
  ["{'a':1}", 1, 'Expecting property name enclosed in double quotes'],
  ['[1,]', 3, 'Expecting value'],
  ['[1 2]', 3, "Expecting ',' delimiter"],
  ['[', 1, 'Expecting value'],
  ['"abc', 0, 'Unterminated string starting at'],
  ['"a\nb"', 2, 'Invalid control character at'],
  ['"a\\x"', 2, 'Invalid \\escape'],
  ['{"a":"\\u12"}', 7, 'Invalid \\uXXXX escape'],
  ['{"a":"\\ud83d\\uzz"}', 13, 'Invalid \\uXXXX escape'],
  ['"🚀\\uzzzz"', 3, 'Invalid \\uXXXX escape'],
  ['"\\u', 2, 'Invalid \\uXXXX escape'],
  ['01', 1, 'Extra data'],
  ['{} x', 3, 'Extra data'],
  ['"🚀" x', 4, 'Extra data'],
  ['tru', 0, 'Expecting value'],
];

describe('the words for broken JSON', () => {
  for (const [text, position, error] of cases) {
    test(`${JSON.stringify(text)}: ${error}`, () => assert.deepEqual(explainJson(text), { position, error }));
  }

  test('agree with JSON.parse on what is JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc
            .json()
            .chain((text) =>
              fc
                .tuple(fc.nat(text.length), fc.string({ maxLength: 2 }))
                .map(([at, extra]) => text.slice(0, at) + extra + text.slice(at + 1)),
            ),
        ),
        (text) => {
          assert.equal(explainJson(text) === undefined, isJson(text), text);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('do not fail on any nesting', () => {
    assert.deepEqual(explainJson('['.repeat(200_000)), { position: 200_000, error: 'Expecting value' });
  });
});
