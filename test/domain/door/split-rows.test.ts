import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RowSplitter, SplitProblem, TakeRow } from '#domain/door/split-rows.ts';
import { makeJsonSplitter, makeLineSplitter } from '#domain/door/split-rows.ts';
import { isJson } from '#test/domain/door/is-json.ts';

type Split = { rows: [text: string | undefined, line: number][]; problem: SplitProblem | undefined };
type MakeSplitter = (rowBytesMax: number, take: TakeRow) => RowSplitter;

const rowBytesMax = 60;

/**
 * Splits a body that comes in pieces of these lengths, then the rest, with a pause after every so many rows. Rows are
 * read at the end, as the door does.
 */
function split(make: MakeSplitter, body: Buffer, lengths: readonly number[] = [], pauseRows = Number.POSITIVE_INFINITY): Split {
  const rows: [Buffer | undefined, number][] = [];
  const splitter = make(rowBytesMax, (row, line) => rows.push([row, line]) % pauseRows === 0);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const length of lengths) pieces.push(Buffer.from(body.subarray(from, (from += length))));
  pieces.push(body.subarray(from));
  let problem: SplitProblem | undefined;
  for (const piece of pieces)
    for (let rest: Buffer | undefined = piece; rest !== undefined && problem === undefined;) {
      const before = rows.length;
      const said = splitter.write(rest);
      assert.ok(rows.length - before <= pauseRows, `${rows.length - before} rows without a pause`);
      rest = Buffer.isBuffer(said) ? said : undefined;
      if (!Buffer.isBuffer(said)) problem = said;
    }
  problem ??= splitter.end();
  return { rows: rows.map(([row, line]) => [row?.toString('latin1'), line]), problem };
}

const lengths = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 });
const hostile = fc
  .array(
    fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', ' ', '\n', '\r\n', '\t', '{}', '{"a":1}', 'é', '1', '\ufeff', 'x'.repeat(61)),
  )
  .map((parts) => Buffer.from(parts.join('')));
const anyBytes = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
const spacing = fc.constantFrom(undefined, 1, '\t');

for (const [name, make] of [
  ['lines', makeLineSplitter],
  ['a JSON text', makeJsonSplitter],
] as const)
  test(`${name}: how the body is cut into chunks and where there is a pause changes nothing`, () => {
    fc.assert(
      fc.property(fc.oneof(hostile, anyBytes), lengths, fc.integer({ min: 1, max: 5 }), (body, cuts, pauseRows) => {
        assert.deepEqual(split(make, body, cuts, pauseRows), split(make, body));
      }),
      { numRuns: 3_000 },
    );
  });

describe('lines', () => {
  test('are the rows that String.split finds, without those that are blank', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, anyBytes), lengths, (body, cuts) => {
        const text = body.toString('latin1');
        const expected = text
          .replace(/^\xef\xbb\xbf/, '')
          .split('\n')
          .map((line, i): [string, number] => [line.replace(/^[ \t\r]+/, ''), i + 1])
          .filter(([line]) => line !== '')
          .map(([line, i]): [string | undefined, number] => {
            const row = line.replace(/[ \t\r]+$/, '');
            return [line.length > rowBytesMax + 1 || row.length > rowBytesMax ? undefined : row, i];
          });
        assert.deepEqual(split(makeLineSplitter, body, cuts), { rows: expected, problem: undefined });
      }),
      { numRuns: 3_000 },
    );
  });

  const cases: readonly [name: string, body: string, rows: [string | undefined, number][]][] = [
    ['nothing', '', []],
    ['blank lines', '\n \r\n\t\n', []],
    [
      'two rows, the last without an end',
      '{"a":1}\n{"b":2}',
      [
        ['{"a":1}', 1],
        ['{"b":2}', 2],
      ],
    ],
    [
      'CRLF and a blank line between',
      '{"a":1}\r\n\r\n{"b":2}\r\n',
      [
        ['{"a":1}', 1],
        ['{"b":2}', 3],
      ],
    ],
    ['a BOM', '\xef\xbb\xbf{"a":1}\n', [['{"a":1}', 1]]],
    ['half a BOM', '\xef\xbb', [['\xef\xbb', 1]]],
    [
      'a line that is too large, and one that just fits with its CR',
      `${'x'.repeat(61)}\n${'y'.repeat(60)}\r\n`,
      [
        [undefined, 1],
        ['y'.repeat(60), 2],
      ],
    ],
  ];
  for (const [name, body, rows] of cases)
    test(`${name}: ${rows.length} rows`, () => {
      assert.deepEqual(split(makeLineSplitter, Buffer.from(body, 'latin1')), { rows, problem: undefined });
    });
});

describe('a JSON text', () => {
  test('an array has the elements that JSON.parse finds, with their own spelling', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), spacing, lengths, fc.boolean(), (values, space, cuts, bom) => {
        const body = Buffer.from((bom ? '\ufeff' : '') + JSON.stringify(values, null, space) + (space === undefined ? '' : ' \r\n'));
        const { rows, problem } = split(makeJsonSplitter, body, cuts);
        assert.equal(problem, undefined);
        assert.equal(rows.length, values.length);
        for (const [i, [row]] of rows.entries())
          if (row !== undefined) {
            const text = Buffer.from(row, 'latin1').toString();
            assert.equal(text, text.trim());
            assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(values[i])));
          }
      }),
      { numRuns: 2_000 },
    );
  });

  test('it is taken exactly where JSON.parse takes it and it is an object or an array', () => {
    const pieces = fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', ' ', '\n', '{}', '{"a":1}', '"]"', '1', '"a"', 'null'), {
        maxLength: 9,
      })
      .map((parts) => parts.join(''));
    const text = fc.oneof(
      pieces,
      pieces.map((inner) => `[${inner}]`),
      pieces.map((inner) => `{"a":[${inner}]}`),
    );
    fc.assert(
      fc.property(text, lengths, (body, cuts) => {
        const { rows, problem } = split(makeJsonSplitter, Buffer.from(body), cuts);
        // The door's second look: a row that is no JSON breaks the body.
        const taken = rows.length > 0 && problem === undefined && rows.every(([row]) => row === undefined || isJson(row));
        assert.equal(taken, isJson(body) && /^\s*(\{|\[\s*[^\s\]])/.test(body));
      }),
      { numRuns: 5_000 },
    );
  });

  const cases: readonly [name: string, body: string, rows: (string | undefined)[], error?: string][] = [
    ['nothing', ' \n', []],
    ['an empty array', ' [ ] ', []],
    ['an object', ' {"a":[1,{"b":"}"}]} \n', ['{"a":[1,{"b":"}"}]}']],
    ['an array of all sorts', '[{"a":1.00}, "x,]\\"" ,[1,[2]],-1e2\n,null]', ['{"a":1.00}', '"x,]\\""', '[1,[2]]', '-1e2', 'null']],
    ['an element that is too large', `[1,"${'x'.repeat(60)}",2]`, ['1', undefined, '2']],
    ['an object that is too large', `{"a":"${'x'.repeat(60)}"}`, [undefined]],
    ['text', 'hello', [], 'Expecting an object or an array at 0'],
    ['a string', '"[]"', [], 'Expecting an object or an array at 0'],
    ['a comma too many', '[1,]', ['1'], 'Expecting value at 3'],
    ['a comma alone', '[,1]', [], 'Expecting value at 1'],
    ['no comma', '[{"a":1} {"b":2}]', ['{"a":1}'], "Expecting ',' delimiter at 9"],
    ['no end', '[{"a":1}', ['{"a":1}'], "Expecting ',' delimiter or the array's end at 8"],
    ['no end of a string', '[{"a":1},{"b', ['{"a":1}'], "Expecting ',' delimiter or the array's end at 12"],
    ['half an object', '{"a":', [], "Expecting the object's end at 5"],
    ['two objects', '{"a":1}\n{"b":2}', ['{"a":1}'], 'Extra data at 8'],
    ['something behind the array', '[1]]', ['1'], 'Extra data at 3'],
  ];
  for (const [name, body, rows, error] of cases)
    test(`${name}: ${rows.length} rows, ${error ?? 'well'}`, () => {
      const found = split(makeJsonSplitter, Buffer.from(body));
      assert.deepEqual(
        found.rows.map(([row]) => row),
        rows,
      );
      assert.equal(found.problem && `${found.problem.error} at ${found.problem.at}`, error);
    });
});
