import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { afterFailure, attemptsMax, canFollow, intervalStates, openStates } from '#domain/lake/interval-state.ts';

describe('the states of an interval', () => {
  test('every state but running can only be taken by a run; an interval without records is complete at once', () => {
    for (const from of intervalStates) {
      const next = intervalStates.filter((to) => canFollow(from, to));
      if (from === 'running') assert.deepEqual(next, ['running', 'waiting', 'backing_off', 'held', 'complete']);
      else if (from === 'cut') assert.deepEqual(next, ['running', 'complete']);
      else assert.deepEqual(next, ['running'], from);
    }
  });

  test('held and complete are left to people', () => {
    assert.deepEqual(
      intervalStates.filter((state) => !(openStates as readonly string[]).includes(state)),
      ['held', 'complete'],
    );
  });

  test('failures back off, each longer than the one before and bounded, then hold', () => {
    const waits = Array.from({ length: attemptsMax }, (_, i) => afterFailure(i + 1, true, 0)).map((next) =>
      next.state === 'held' ? Infinity : next.notBeforeMs,
    );
    assert.deepEqual(waits, [15_000, 60_000, 240_000, 900_000, Infinity]);
    assert.deepEqual(afterFailure(1, false, 0), { state: 'held' });
  });
});
