import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findRecordValue, findRecordValues } from '#domain/door/record-values.ts';

test('finds the bytes of each value, whatever stands around it', () => {
  const members = fc
    .dictionary(fc.string(), fc.jsonValue())
    .map((others) =>
      Object.fromEntries(Object.entries(others).filter(([name]) => name !== 'value' && name !== 'records' && name !== '__proto__')),
    );
  const spacing = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(
      members,
      fc.array(fc.tuple(members, fc.option(fc.jsonValue(), { nil: undefined }), members)),
      spacing,
      (envelope, records, space) => {
        const body = Buffer.from(
          JSON.stringify(
            {
              ...envelope,
              records: records.map(([before, value, behind]) => ({ ...before, ...(value === undefined ? {} : { value }), ...behind })),
              last: 1,
            },
            null,
            space,
          ),
        );
        const spans = findRecordValues(body);
        assert.equal(spans.length, records.length);
        for (const [i, [, value]] of records.entries()) {
          const span = spans[i];
          if (value === undefined) assert.equal(span, null);
          else assert.equal(JSON.stringify(JSON.parse(body.toString('utf8', span?.from, span?.to))), JSON.stringify(value));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('keeps the spelling of numbers, escapes and blanks', () => {
  const values = ['{ "n" : 1.00, "e":1e2 }', '{"t":"\\u0041\\\\\\"}]"}', '-0.0', '"\\u00e9é"', '[ ]'];
  const body = Buffer.from(`\n{"re\\u0063ords" :[ ${values.map((value) => `{"value" :\t${value}\n}`).join(' , ')} ]}`);
  assert.deepEqual(
    findRecordValues(body).map((span) => body.toString('utf8', span!.from, span!.to)),
    values,
  );
});

test('finds the value under the keys that it is told, in a list or alone', () => {
  const isData = (key: string): boolean => key.toLowerCase() === 'data';
  const isList = (key: string): boolean => key.toLowerCase() === 'records';
  const row = '{"data": 1, "Data": [2], "records": []}';
  const text = (body: Buffer, span: { from: number; to: number } | null): string => body.toString('utf8', span!.from, span!.to);
  const one = Buffer.from(`\ufeff{"é": {"Data": 0}, "D\\u0061ta" : ${row}, "PartitionKey": "\\"Data\\":"}`);
  assert.equal(text(one, findRecordValue(one, isData)), row);
  assert.equal(findRecordValue(Buffer.from('{"x":1}'), isData), null);
  const several = Buffer.from(`{"Records": [{"data": ${row}}, {"DATA":${row} }]}`);
  assert.deepEqual(
    findRecordValues(several, isList, isData).map((span) => text(several, span)),
    [row, row],
  );
});
