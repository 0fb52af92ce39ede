import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KeyProblem, Row } from '#domain/kinds/row-key.ts';
import { keyProblem, keyText } from '#domain/kinds/row-key.ts';
import { parseTopicName } from '#domain/door/topic-name.ts';
import type { Kind } from '#domain/kinds/list.ts';

const cases: readonly { kind: Kind; row: Row; key?: string; problem?: KeyProblem }[] = [
  { kind: 'pin', row: { unique_id: 'u' }, key: 'u' },
  { kind: 'pin', row: { unique_id: ' u ' }, key: ' u ' },
  { kind: 'pin', row: { title: 'x' }, problem: 'missing_key' },
  { kind: 'pin', row: { unique_id: '' }, problem: 'missing_key' },
  { kind: 'pin', row: { unique_id: '\u00a0' }, problem: 'missing_key' },
  { kind: 'pin', row: { unique_id: 5 }, problem: 'missing_key' },
  { kind: 'pin', row: { unique_id: 'u', index: 1, ind: 2 }, problem: 'key_conflict' },
  { kind: 'pin', row: { ind: 1, country: 'x' }, problem: 'wrong_kind' },
  { kind: 'geo', row: { ind: 7, country: 'x' }, key: '7' },
  { kind: 'geo', row: { ind: 7 }, key: '7' },
  { kind: 'geo', row: { kind: 'geo', ind: 7 }, key: '7' },
  { kind: 'geo', row: { kind: 'geo', ind: 7, age: 3 }, problem: 'wrong_kind' },
  { kind: 'geo', row: { index: '007', ind: 7, idx: ' 7.0 ', country: 'x' }, key: '7' },
  { kind: 'geo', row: { index: '', ind: null, idx: -3, country: 'x' }, key: '-3' },
  { kind: 'geo', row: { ind: '9223372036854775807', country: 'x' }, key: '9223372036854775807' },
  { kind: 'geo', row: { ind: '9223372036854775808', country: 'x' }, problem: 'missing_key' },
  { kind: 'geo', row: { ind: 7.5, country: 'x' }, problem: 'missing_key' },
  { kind: 'geo', row: { ind: 'x', country: 'x' }, problem: 'missing_key' },
  { kind: 'geo', row: { ind: true, country: 'x' }, problem: 'missing_key' },
  { kind: 'geo', row: { country: 'x' }, problem: 'missing_key' },
  { kind: 'geo', row: {}, problem: 'missing_key' },
  { kind: 'geo', row: { ind: 7, idx: 'x', country: 'x' }, problem: 'key_conflict' },
  { kind: 'geo', row: { ind: 7, first_name: 'Ada' }, problem: 'wrong_kind' },
  { kind: 'user', row: { idx: 7, age: null }, key: '7' },
  { kind: 'user', row: { ind: 7, country: 'x' }, problem: 'wrong_kind' },
];

describe('the key of a row', () => {
  for (const { kind, row, key, problem } of cases) {
    test(`${kind} ${JSON.stringify(row)}: ${problem ?? key}`, () => {
      assert.equal(keyProblem(kind, row), problem);
      if (key !== undefined) assert.equal(keyText(kind, row), key);
    });
  }
});

describe('the kind in a topic name', () => {
  const names: readonly [string, string | undefined][] = [
    ['0a1b2c3d4e5f.pin', 'pin 0a1b2c3d4e5f'],
    ['pin_data.pins', 'pin pin_data'],
    ['x.geo', 'geo x'],
    ['x-users', 'user x'],
    ['a.b_user', 'user a.b'],
    ['pin', 'pin '],
    ['.pin', 'pin '],
    ['x.geos', undefined],
    ['x.Pin', undefined],
    ['', undefined],
    ['x.', undefined],
    ['a b.pin', undefined],
    ['é.pin', undefined],
    ['x.constructor', undefined],
    [`${'a'.repeat(300)}.pin`, undefined],
  ];
  for (const [name, expected] of names) {
    test(`${JSON.stringify(name.slice(0, 40))}: ${expected ?? 'none'}`, () => {
      const parsed = parseTopicName(name);
      assert.equal(parsed && `${parsed.kind} ${parsed.source}`, expected);
    });
  }
});
