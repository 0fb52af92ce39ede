import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FailureCause } from '#domain/failures.ts';
import { causeOfKind, failureKinds } from '#domain/failures.ts';
import type { FailedRuns } from '#domain/lake/interval-state.ts';
import { afterFailure, attemptsMax, canBeRetried, canFollow, intervalStates, openStates } from '#domain/lake/interval-state.ts';

describe('the states of an interval', () => {
  test('a run takes every state; a person frees what stands; an interval without records is complete at once', () => {
    for (const from of intervalStates) {
      const next = intervalStates.filter((to) => canFollow(from, to));
      if (from === 'running') assert.deepEqual(next, ['running', 'waiting', 'backing_off', 'held', 'complete']);
      else if (from === 'cut') assert.deepEqual(next, ['running', 'complete']);
      else if (from === 'complete') assert.deepEqual(next, ['running']);
      else assert.deepEqual(next, ['cut', 'running'], `${from}: a run takes it, or a person asks for it`);
    }
  });

  test('held and complete are left to people', () => {
    assert.deepEqual(
      intervalStates.filter((state) => !(openStates as readonly string[]).includes(state)),
      ['held', 'complete'],
    );
  });

  test('a person may ask for what neither runs nor is done', () => {
    assert.deepEqual(intervalStates.filter(canBeRetried), ['cut', 'waiting', 'backing_off', 'held']);
  });

  /** What so many failures of one cause in a row lead to: ms until the next try, or `held`. */
  const after = (runs: number, cause: FailureCause): (number | 'held')[] => {
    let before: FailedRuns = { attempts: 0, failures: 0 };
    return Array.from({ length: runs }, () => {
      const next = afterFailure(before, cause, 0);
      before = next;
      return next.state === 'held' ? 'held' : next.notBeforeMs;
    });
  };

  test('faults of the code back off, each longer than the one before and bounded, then hold', () => {
    assert.deepEqual(after(attemptsMax, 'code'), [5_000, 20_000, 80_000, 320_000, 'held']);
  });

  test('data that is wrong holds at once; a cause outside never does', () => {
    assert.deepEqual(after(1, 'data'), ['held']);
    const outside = after(2_000, 'outside');
    assert.deepEqual(outside.slice(0, 6), [5_000, 20_000, 80_000, 320_000, 900_000, 900_000]);
    assert.ok(outside.every((wait) => typeof wait === 'number' && wait <= 900_000));
  });

  test('each kind of failure says where its cause lies', () => {
    const byCause = Object.groupBy(Object.keys(failureKinds), causeOfKind);
    assert.deepEqual(byCause.data, ['invalid_data', 'offset_lost', 'check_failed']);
    assert.deepEqual(byCause.code, ['fault', 'crashed']);
    for (const kind of ['denied', 'configuration', 'missing', 'unavailable', 'timeout', 'exhausted'])
      assert.ok(byCause.outside!.includes(kind));
    for (const name of ['TypeError', '', undefined, null, 'toString']) assert.equal(causeOfKind(name), 'code');
  });
});
