import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { refusalOfIssues } from '#api/answers/refusal.ts';
import { definitionOf, kinds } from '#domain/kinds/list.ts';
import { readBody } from '#domain/door/read-event.ts';
import type { Row } from '#domain/kinds/row-key.ts';
import { keyText } from '#domain/kinds/row-key.ts';
import { identityBytesMax } from '#domain/kinds/field-schemas.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { Halves } from '#test/domain/clean/halves.ts';
import { openHalves, recordsOf } from '#test/domain/clean/halves.ts';

const quoted = (text: string): string => JSON.stringify(text);
const blanks = fc.constantFrom('', '', '', ' ', '\t', '\n', '\u00a0', '\u2003', '\ufeff', '\u0085', '\u200b');
const few = fc.constantFrom(...'0,7,7,7,-7,007,-0,8'.split(','));
const digits = fc.oneof(
  few,
  few,
  fc.constantFrom(...'9223372036854775807,9223372036854775808,-9223372036854775808,-9223372036854775809,9007199254740993'.split(',')),
  fc.constantFrom(
    `1${'0'.repeat(40)}`,
    '0'.repeat(30),
    '+7',
    '5.',
    '.0',
    '1e2',
    '0x7',
    '1_0',
    '7.5',
    'x',
    '٧',
    '',
    '-',
    'null',
    'true',
    '{}',
  ),
);
const numberText = fc
  .tuple(blanks, digits, fc.constantFrom('', '', '.0', '.000', '.01'), blanks)
  .map(([before, text, fraction, behind]) => quoted(before + text + fraction + behind));
/** Numbers that a double holds, in every spelling. */
const exact = fc.oneof(
  fc.constantFrom(...'7,7,7,-7,8,0,-0,7.0,7.000,-0.0,7e0,70e-1,0.7e1,1e2,1E+2,7.5,1e-7,-7.25,4503599627370497'.split(',')),
  fc.maxSafeInteger().map(String),
);
const inexact = fc.constantFrom(
  ...'9007199254740993,-9007199254740995,9223372036854775807,9223372036854775808,-9223372036854775809,1e16,-123e15,1e18,1e20,1e400'.split(
    ',',
  ),
  '12345678901234567.0',
  '123456789012345678901234567890',
);
const other = fc.constantFrom('null', 'null', 'true', 'false', '{}', '[]', '{"a":7}', '[7]', '[7.5]', '["7"]', '""', '" "');
const rowNumber = fc.oneof(
  { weight: 3, arbitrary: numberText },
  { weight: 6, arbitrary: exact },
  { weight: 1, arbitrary: inexact },
  { weight: 2, arbitrary: other },
);
const uniqueId = fc.oneof(
  fc.constantFrom('u', '3f0c1d2e-6a54-4b0f-9c57-0d1f2a3b4c5d', '', ' ', '\u00a0\ufeff', ' u ', '7').map(quoted),
  fc.tuple(fc.constantFrom('x', 'é', '🚀', ' '), fc.integer({ min: 120, max: 520 })).map(([unit, times]) => quoted(unit.repeat(times))),
  blanks.map(quoted),
  fc
    .string({ unit: 'binary', maxLength: 6 })
    .filter((text) => !text.includes('\0'))
    .map(quoted),
  exact,
  other,
);
const member = (names: string[], value: fc.Arbitrary<string>) => fc.option(fc.tuple(fc.constantFrom(...names), value), { nil: undefined });
/** Members that decide about the identity, and one or two beside them that tell the kind, or another. */
const rowText = fc
  .tuple(
    member(['index'], rowNumber),
    member(['ind'], rowNumber),
    member(['idx'], rowNumber),
    member(['unique_id'], uniqueId),
    member(['title', 'category', 'country', 'latitude', 'age', 'kind', 'other'], fc.constantFrom('"x"', '7', 'null')),
    member(['first_name', 'description', 'timestamp', 'Index', ''], fc.constantFrom('"x"', 'null')),
  )
  .map((members) => `{${members.flatMap((one) => (one === undefined ? [] : [`${quoted(one[0])}:${one[1]}`])).join()}}`);

type Told = { reason: string } | { key: string };

/** What the door says of a row: the reason why not, or the key that its record gets. */
function atDoor(kind: Kind, text: string): Told {
  const read = readBody(Buffer.from(text));
  if (!read.ok) return { reason: read.problem.reason };
  const checked = rowSchemas[kind].safeParse(read.row);
  return checked.success ? { key: keyText(kind, checked.data as Row) } : { reason: refusalOfIssues(checked.error.issues).reason };
}

/**
 * The row as JSON.parse makes doubles of its numbers, written out: 9007199254740993 becomes ...992, 1e16 all its digits. What
 * is no double says "null". `isAsWritten` where all of them are integers that doubles hold, and so mean the same to all.
 */
function readAgain(text: string): { text: string; isAsWritten: boolean } {
  const members = Object.entries(JSON.parse(text) as Row);
  const written = members.map(([name, value]) => {
    if (typeof value !== 'number') return [name, JSON.stringify(value)];
    return [name, Number.isFinite(value) ? (Number.isInteger(value) ? String(BigInt(value)) : String(value)) : '"null"'];
  });
  return {
    text: `{${written.map(([name, value]) => `${quoted(name!)}:${value}`).join()}}`,
    isAsWritten: members.every(([, value]) => typeof value !== 'number' || !(Math.abs(value) > Number.MAX_SAFE_INTEGER)),
  };
}

/** The door looks at the length of a pin's identity before it compares row numbers, cleaning after it. */
function inDoorsOrder(kind: Kind, told: Told, text: string): Told {
  const { unique_id: id } = JSON.parse(text) as Row;
  const isLong = kind === 'pin' && typeof id === 'string' && Buffer.byteLength(id) > identityBytesMax;
  return isLong && 'reason' in told && told.reason === 'key_conflict' ? { reason: 'key_too_long' } : told;
}

/**
 * domain/kinds/row-key.ts has the rules of identity once more, in TypeScript: the door cannot ask DuckDB. What holds them
 * together is this. They differ in one thing beside the order above: the door sees a number as the double that JSON.parse
 * makes of it, cleaning sees its digits. So a row number beyond 2^53 that is sent as a number may be refused though cleaning
 * would take it (9223372036854775807), taken though cleaning rejects it (1e16), or get the key of its neighbour.
 */
describe('the door and cleaning', () => {
  let halves: Halves;
  before(async () => {
    halves = await openHalves();
  });
  after(() => halves.close());

  async function inCleaning(kind: Kind, texts: string[]): Promise<Told[]> {
    const rows = await halves.stream(kind, recordsOf(texts.map((text) => Buffer.from(text))));
    return rows.map((row) =>
      row['reject'] === null
        ? { key: `${row[definitionOf[kind].identity] as string | number | bigint}` }
        : { reason: row['reject'] as string },
    );
  }

  for (const kind of kinds)
    test(`tell the identity of a ${kind} row alike, or have the same reason not to`, async () => {
      const seed = Date.now() % 2 ** 31;
      await fc.assert(
        fc.asyncProperty(fc.array(rowText, { minLength: 100, maxLength: 300 }), async (texts) => {
          const again = texts.map(readAgain);
          const cleaned = await inCleaning(kind, texts);
          const cleanedAgain = await inCleaning(
            kind,
            again.map(({ text }) => text),
          );
          for (const [i, text] of texts.entries()) {
            assert.deepEqual(atDoor(kind, text), inDoorsOrder(kind, cleanedAgain[i]!, text), text);
            if (again[i]!.isAsWritten) assert.deepEqual(cleaned[i], cleanedAgain[i], text);
          }
        }),
        { numRuns: 30, seed, endOnFailure: true },
      );
    });
});
