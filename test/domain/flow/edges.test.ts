import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reached } from '#domain/flow/edges.ts';
import { accountOf, edgesOf } from '#domain/flow/edges.ts';

const look = (seconds: number, logEnd: number, landed: number, streamed: number): Reached => ({
  atMs: seconds * 1_000,
  logEnd,
  landed,
  streamed,
});
const rates = (looks: readonly Reached[]): (number | null)[] => edgesOf(looks, null, null).map(({ perSecond }) => perSecond);

test('rates are over ten seconds of looks, of landing over a minute; of one look there is none', () => {
  assert.deepEqual(rates([]), [null, null, null, null, null]);
  assert.deepEqual(rates([look(0, 5, 5, 5)]), [null, null, null, null, null]);
  const looks = [look(0, 0, 0, 0), look(50, 100, 0, 90), look(55, 150, 60, 140), look(60, 200, 60, 190)];
  assert.deepEqual(rates(looks), [10, 1, null, null, 10]);
});

test('offsets that went back have no rate', () => {
  assert.deepEqual(rates([look(0, 10, 10, 10), look(1, 0, 10, 11)]), [null, 0, null, null, 1]);
});

test('an account says by how much it does not add up', () => {
  const parts = { over: 'a while', in: 10, out: 4, rejected: 1, duplicates: 2, waiting: 2, gaps: 1 };
  assert.equal(accountOf(parts).difference, 0);
  assert.equal(accountOf({ ...parts, out: 3 }).difference, 1);
  assert.equal(accountOf({ ...parts, out: 5 }).difference, -1);
});
