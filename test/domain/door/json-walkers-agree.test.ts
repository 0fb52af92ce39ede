import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explainJson } from '#domain/door/explain-json.ts';
import { findRecordValue, findRecordValues } from '#domain/door/record-values.ts';
import { makeJsonSplitter } from '#domain/door/split-rows.ts';
import { classifyValue, levelsMax, textOfValue, wrapperLevelsMax } from '#domain/value.ts';
import { isJson } from '#test/domain/door/is-json.ts';
import { anyCharacter } from '#test/support/any-character.ts';

/** What turns JSON into something that nearly is: put in, or in the place of a character. */
const pieces = '"|\\|{|}|[|]|,|:|0|1|-|.|e| |\n|\t|\u0001|\\u|\\ud83d|\\u0061|null|tru|é|🚀|{"a":1,"a":2}|["\\\\"]|\u2028'.split('|');
const json = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc
    .tuple(fc.json({ maxDepth: 4, stringUnit: anyCharacter }), fc.constantFrom(undefined, 1, '\t'))
    .map(([text, space]) => JSON.stringify({ x: JSON.parse(text) as unknown, 'a"b\\': ['}]"\\', '\\"'] }, null, space)),
);
const mutated = fc
  .tuple(json, fc.array(fc.tuple(fc.nat(), fc.constantFrom(...pieces), fc.boolean()), { maxLength: 3 }))
  .map(([text, edits]) =>
    edits.reduce((one, [at, piece, replaces]) => {
      const i = at % (one.length + 1);
      return (one.slice(0, i) + piece + one.slice(i + (replaces ? 1 : 0))).toWellFormed();
    }, text),
  );

/** A row's text is without blanks around it. */
const trimmed = (text: string): string => text.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');

function elementsOf(body: string): { rows: (string | undefined)[]; isWhole: boolean } {
  const rows: (string | undefined)[] = [];
  const splitter = makeJsonSplitter(Number.POSITIVE_INFINITY, (row) => rows.push(row?.toString()) < 0);
  const problem = splitter.write(Buffer.from(body)) ?? splitter.end();
  return { rows, isWhole: problem === undefined };
}

test('a value is malformed exactly where its problem can be explained, and where JSON.parse takes none', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(mutated, (text) => {
      const problem = explainJson(text);
      assert.equal(problem === undefined, isJson(text));
      assert.equal(classifyValue(Buffer.from(text)).reject === 'malformed_json', problem !== undefined);
      if (problem !== undefined) assert.ok(problem.position <= Array.from(text).length);
    }),
    { numRuns: 5_000, seed },
  );
});

test('what a wrapper holds, and what an array holds, is the same bytes', () => {
  const seed = Date.now() % 2 ** 31;
  fc.assert(
    fc.property(fc.array(mutated, { minLength: 1, maxLength: 4 }), (texts) => {
      const values = texts.filter(isJson);
      const body = Buffer.from(
        `{"before":[{"value":0}],"records" : [${values.map((text) => `{"a":{"value":1},"value":${text},"b":2}`).join(' ,')}],"c":[]}`,
      );
      const spans = findRecordValues(body);
      assert.deepEqual(
        spans.map((span) => span && body.toString('utf8', span.from, span.to)),
        values.map(trimmed),
      );
      const [first] = values;
      if (first !== undefined) {
        const alone = Buffer.from(`\ufeff{"a":[${first}],"value":${first}}`);
        const span = findRecordValue(alone, (key) => key === 'value');
        assert.equal(span && alone.toString('utf8', span.from, span.to), trimmed(first));
      }
      assert.deepEqual(elementsOf(`[${values.join()}]`), { rows: values.map(trimmed), isWhole: true });
    }),
    { numRuns: 2_000, seed },
  );
});

test('an array is whole, with rows that are values, exactly where it is a value', () => {
  const seed = Date.now() % 2 ** 31;
  const levels = levelsMax + wrapperLevelsMax;
  fc.assert(
    fc.property(fc.array(mutated, { minLength: 1, maxLength: 3 }), (texts) => {
      const body = `[${texts.join()}]`;
      const { rows, isWhole } = elementsOf(body);
      const isTaken = isWhole && rows.every((row) => classifyValue(Buffer.from(row!), levels).reject !== 'malformed_json');
      assert.equal(isTaken, explainJson(textOfValue(Buffer.from(body))) === undefined, body);
    }),
    { numRuns: 5_000, seed },
  );
});
