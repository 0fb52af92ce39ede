import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKey } from '#domain/keys/new-key.ts';
import { scopes } from '#domain/keys/scopes.ts';
import { parseSpan } from '#domain/keys/spans.ts';

test('spans are a number and a unit', () => {
  const spans: [string, number | undefined][] = [
    ['45s', 45],
    ['30m', 1_800],
    ['12h', 43_200],
    ['90d', 7_776_000],
    ['0d', undefined],
    ['-1d', undefined],
    ['1.5h', undefined],
    ['1w', undefined],
    ['d', undefined],
    ['90', undefined],
    [' 90d', undefined],
    ['9999999999d', undefined],
  ];
  for (const [text, seconds] of spans) assert.equal(parseSpan(text), seconds, text);
});

test('scopes stand in one order, each once', () => {
  const parsed = newKey.parse({ name: 'a', scopes: ['operate', 'read', 'append:user', 'read', 'append:pin'] });
  assert.deepEqual(parsed.scopes, ['append:pin', 'append:user', 'read', 'operate']);
});

test('names are short and plain, so that they can stand in logs and tables', () => {
  for (const name of ['a', 'Collector-1', 'a.b_c', 'x'.repeat(63)])
    assert.ok(newKey.safeParse({ name, scopes: [...scopes] }).success, name);
  for (const name of ['', '-a', '.a', 'a b', 'a\n', 'ä', '\u001b[31m', 'x'.repeat(64), 7, null])
    assert.ok(!newKey.safeParse({ name, scopes: [...scopes] }).success, String(name));
});

test('lives ten years at most', () => {
  assert.ok(newKey.safeParse({ name: 'a', scopes: ['read'], expires: '3650d' }).success);
  assert.ok(!newKey.safeParse({ name: 'a', scopes: ['read'], expires: '3651d' }).success);
});
