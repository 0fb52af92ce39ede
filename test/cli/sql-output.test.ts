import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnswerRows } from '#cli/sql-output.ts';
import { csvOf, jsonOf, tableOf } from '#cli/sql-output.ts';

const answer: AnswerRows = {
  columns: [
    { name: 'category', type: 'VARCHAR' },
    { name: 'title', type: 'VARCHAR' },
    { name: 'pins', type: 'INTEGER[]' },
  ],
  rows: [
    { category: 'art', title: 'two\nlines, "quoted"', pins: [3] },
    { category: null, title: '', pins: [1, 2] },
  ],
};

type Value = AnswerRows['rows'][number][string];
const cases: { about: string; types: string[]; rows: Value[][]; width?: number; lines: string[] }[] = [
  {
    about: 'numbers stand right, texts left, numbers that are texts too',
    types: ['INTEGER', 'VARCHAR', 'DECIMAL(18,2)'],
    rows: [
      [1, '007', '3.50'],
      [1200, '12', '10.00'],
    ],
    lines: ['   a  b        c', '────  ───  ─────', '   1  007   3.50', '1200  12   10.00'],
  },
  {
    about: 'NULL is told from the text, and both from the empty text',
    types: ['VARCHAR', 'BIGINT'],
    rows: [
      [null, null],
      ['NULL', 1],
      ["'NULL'", 2],
      ['', 3],
      ['null', 4],
    ],
    lines: ['a            b', '────────  ────', 'NULL      NULL', "'NULL'       1", "''NULL''     2", '             3', 'null         4'],
  },
  {
    about: 'wide characters and emoji take two columns, line breaks none',
    types: ['VARCHAR', 'INTEGER'],
    rows: [
      ['日本', 1],
      ['😀', 22],
      ['a\nb', 3],
    ],
    lines: ['a          b', '────────  ──', '日本       1', '😀        22', 'a\\u000ab   3'],
  },
  {
    about: 'the widest text gives way to the width, numbers do not',
    types: ['VARCHAR', 'VARCHAR', 'BIGINT'],
    rows: [['a long text that goes on', 'short', 123456789]],
    width: 30,
    lines: ['a             b              c', '────────────  ─────  ─────────', 'a long text…  short  123456789'],
  },
  {
    about: 'a wide character is not cut in half',
    types: ['VARCHAR'],
    rows: [['日本語日本語']],
    width: 10,
    lines: ['a', '──────────', '日本語日…'],
  },
  {
    about: 'without a width nothing is cut',
    types: ['VARCHAR'],
    rows: [['x'.repeat(300)]],
    lines: ['a', '─'.repeat(300), 'x'.repeat(300)],
  },
  { about: 'no rows are a head', types: ['VARCHAR', 'INTEGER'], rows: [], lines: ['a  b', '─  ─'] },
  {
    about: 'lists and structs are JSON, and control characters are shown',
    types: ['INTEGER[]', 'VARCHAR'],
    rows: [[[1, 2], '\u001b[31m\u0092']],
    lines: ['a      b', '─────  ────────────────', '[1,2]  \\u001b[31m\\u0092'],
  },
];

describe('a table', () => {
  for (const { about, types, rows, width, lines } of cases)
    test(about, () => {
      const columns = types.map((type, i) => ({ name: 'abc'[i]!, type }));
      const table = tableOf({ columns, rows: rows.map((row) => Object.fromEntries(row.map((value, i) => ['abc'[i]!, value]))) }, width);
      assert.deepEqual(table.split('\n'), lines);
    });
});

test('CSV quotes what needs it and tells NULL from the empty text', () => {
  assert.equal(csvOf(answer), 'category,title,pins\r\nart,"two\nlines, ""quoted""",[3]\r\n,"","[1,2]"');
});

test('JSON is one array', () => {
  assert.deepEqual(JSON.parse(jsonOf(answer)), answer.rows);
  assert.deepEqual(JSON.parse(jsonOf({ columns: [], rows: [] })), []);
});
