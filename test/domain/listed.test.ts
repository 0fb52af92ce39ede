import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listed } from '#domain/listed.ts';

test('names are listed as a sentence has them', () => {
  for (const [word, type] of [
    ['and', 'conjunction'],
    ['or', 'disjunction'],
  ] as const)
    for (const names of [[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']])
      assert.equal(listed(names, word), new Intl.ListFormat('en-GB', { type }).format(names));
});
