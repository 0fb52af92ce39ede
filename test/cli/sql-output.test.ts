import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, jsonOf, tableOf } from '#cli/sql-output.ts';

const answer = {
  columns: [{ name: 'category' }, { name: 'title' }, { name: 'pins' }],
  rows: [
    { category: 'art', title: 'two\nlines, "quoted"', pins: 3 },
    { category: null, title: '', pins: [1, 2] },
  ],
};

test('a table writes NULL out, lists as JSON, and lets no control character through', () => {
  const lines = tableOf(answer).split('\n');
  assert.match(lines[1]!, /│ category │ title +│ pins +│/);
  assert.match(lines[3]!, /│ art +│ two\\u000alines, "quoted" │ 3 +│/);
  assert.match(lines[5]!, /│ NULL +│ +│ \[1,2\] │/);
  assert.doesNotMatch(tableOf({ columns: [{ name: 'x' }], rows: [{ x: '\u001b[31m\u0092' }] }), /[\u001b\u0092]/);
});

test('CSV quotes what needs it and tells NULL from the empty text', () => {
  assert.equal(csvOf(answer), 'category,title,pins\r\nart,"two\nlines, ""quoted""",3\r\n,"","[1,2]"');
});

test('JSON is one array', () => {
  assert.deepEqual(JSON.parse(jsonOf(answer)), answer.rows);
  assert.deepEqual(JSON.parse(jsonOf({ columns: [], rows: [] })), []);
});
