import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ValueClass } from '#domain/value.ts';
import { classifyValue, levelsMax, textOfValue, wrapperLevelsMax } from '#domain/value.ts';
import { anyCharacter } from '#test/support/any-character.ts';

const splice: ValueClass = { reject: null, splice: true };
const apart: ValueClass = { reject: null, splice: false };
const reject = (code: NonNullable<ValueClass['reject']>): ValueClass => ({ reject: code, splice: false });
const nested = (levels: number, open = '{"a":', close = '}'): string => open.repeat(levels) + '1' + close.repeat(levels);
const keys = (n: number): string => Array.from({ length: n }, (_, i) => `"k${i}":${i}`).join();

const cases: [text: string | Buffer | null, expected: ValueClass][] = [
  ['{}', splice],
  [' {"a":1}\t', splice],
  ['{"a":[],"b":{},"c":[1,-0,0.5e-3,true,false,null,"x"]}', splice],
  ['{"":1}', splice],
  ['{"__proto__":1}', splice],
  ['{"a":"\\ud83d\\ude80 \\u0000 \\/"}', splice],
  ['{"a":1e400}', splice],
  ['{"a":"\u2028\u007f"}', splice],
  ['{"a":1,"A":2}', splice],
  ['{"a":{"a":{"a":1}},"b":{"a":1}}', splice],
  [`{${keys(60)}}`, splice],
  ['{"a":\n1}', apart],
  ['{"a":1}\r', apart],
  ['\ufeff{"a":1}', apart],
  [null, reject('malformed_json')],
  ['', reject('malformed_json')],
  ['\ufeff', reject('malformed_json')],
  [' ', reject('malformed_json')],
  ['{', reject('malformed_json')],
  ['{"a"}', reject('malformed_json')],
  ['{"a":}', reject('malformed_json')],
  ['{"a":1,}', reject('malformed_json')],
  ['{,}', reject('malformed_json')],
  ['{"a":[1,]}', reject('malformed_json')],
  ['{"a":1]', reject('malformed_json')],
  ['{a:1}', reject('malformed_json')],
  ["{'a':1}", reject('malformed_json')],
  ['{"a":01}', reject('malformed_json')],
  ['{"a":1.}', reject('malformed_json')],
  ['{"a":.5}', reject('malformed_json')],
  ['{"a":+1}', reject('malformed_json')],
  ['{"a":1e}', reject('malformed_json')],
  ['{"a":-}', reject('malformed_json')],
  ['{"a":NaN}', reject('malformed_json')],
  ['{"a":tru}', reject('malformed_json')],
  ['{"a":"\n"}', reject('malformed_json')],
  ['{"a":"\\x"}', reject('malformed_json')],
  ['{"a":"\\u12"}', reject('malformed_json')],
  ['{"a":"b', reject('malformed_json')],
  ['{"a":"b\\', reject('malformed_json')],
  ['{}{}', reject('malformed_json')],
  ['{"a":1}/**/', reject('malformed_json')],
  ['\ufeff\ufeff{}', reject('malformed_json')],
  ['{"a":\f1}', reject('malformed_json')],
  ['null', reject('not_an_object')],
  ['[1]', reject('not_an_object')],
  ['"s"', reject('not_an_object')],
  ['5', reject('not_an_object')],
  ['[{"a":1,"a":2}]', reject('not_an_object')],
  ['{"a":1,"a":2}', reject('duplicate_key')],
  ['{"a":1,"\\u0061":2}', reject('duplicate_key')],
  ['{"\\u0061":1,"a":2}', reject('duplicate_key')],
  ['{"x":{"b":1,"b":1}}', reject('duplicate_key')],
  ['{"x":[{"":1,"":1}]}', reject('duplicate_key')],
  ['{"\\ud83d\\ude80":1,"\u{1f680}":2}', reject('duplicate_key')],
  [`{${keys(60)},"k3":1}`, reject('duplicate_key')],
  [`{${keys(60)},"k59":1}`, reject('duplicate_key')],
  ['{"a":{"z":1},"b":2,"a":3}', reject('duplicate_key')],
  ['{"a":"\\ud83d"}', reject('invalid_utf8')],
  ['{"a":"\\ude80\\ud83d"}', reject('invalid_utf8')],
  ['{"\\ud83d":1}', reject('invalid_utf8')],
  ['{"a":"\\ud83d\\ud83d\\ude80"}', reject('invalid_utf8')],
  [Buffer.from([0x7b, 0xff, 0x7d]), reject('invalid_utf8')],
  [Buffer.from([0xed, 0xa0, 0x80]), reject('invalid_utf8')],
  [nested(levelsMax), splice],
  [nested(levelsMax + 1), reject('too_deep')],
  [nested(100_000, '[', ']'), reject('too_deep')],
];

describe('classifyValue', () => {
  for (const [given, expected] of cases) {
    const bytes = typeof given === 'string' ? Buffer.from(given) : given;
    test(`${given === null ? 'no value' : JSON.stringify(bytes!.toString('latin1').slice(0, 60))} is ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(classifyValue(bytes), expected));
  }

  test('a wrapper may have levels of its own', () => {
    const levels = levelsMax + wrapperLevelsMax;
    assert.deepEqual(classifyValue(Buffer.from(nested(levels)), levels), splice);
    assert.deepEqual(classifyValue(Buffer.from(nested(levels, '{"a":', ',"b":2,"b":3}')), levels), reject('duplicate_key'));
    assert.deepEqual(classifyValue(Buffer.from(nested(levels + 1)), levels), reject('too_deep'));
  });

  test('a BOM is no part of the text', () => assert.equal(textOfValue(Buffer.from('\ufeff{}')), '{}'));

  // The oracle: JSON.parse for the grammar, a reviver-free walk over the source for keys.
  test('agrees with JSON.parse on mutated JSON', () => {
    const seed = Date.now() % 2 ** 31;
    const text = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc.json({ maxDepth: 4, stringUnit: anyCharacter }).map((json) => `{"x":${json}}`),
    );
    const mutated = fc
      .tuple(
        text,
        fc.array(
          fc.tuple(
            fc.nat(),
            fc.constantFrom(
              '',
              '"',
              '\\',
              '{',
              '}',
              '[',
              ']',
              ',',
              ':',
              '0',
              '1',
              '-',
              '.',
              'e',
              ' ',
              '\n',
              '\\u',
              '\\ud83d',
              'null',
              '\u2028',
            ),
          ),
          { maxLength: 3 },
        ),
      )
      .map(([json, edits]) =>
        edits.reduce((one, [at, piece]) => {
          const i = at % (one.length + 1);
          return one.slice(0, i) + piece + one.slice(i + (at % 2));
        }, json),
      );
    fc.assert(
      fc.property(mutated, (one) => {
        const bytes = Buffer.from(one);
        const { reject: code } = classifyValue(bytes);
        let parsed: unknown;
        try {
          parsed = JSON.parse(bytes.toString('utf8'));
        } catch {
          assert.equal(code, 'malformed_json');
          return;
        }
        if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) assert.equal(code, 'not_an_object');
        else assert.notEqual(code, 'malformed_json');
        if (code === null) assert.ok(JSON.stringify(parsed).isWellFormed());
      }),
      { numRuns: 5_000, seed },
    );
  });
});
