import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unwatched } from '#activities/batch/progress.ts';
import { sweepAll } from '#activities/cleanup/sweep.ts';
import { cleanupOptions } from '#workflows/policies.ts';

test('a step that waits for a slow server beats, well within its heartbeat timeout, and no longer than it runs', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  assert.equal(cleanupOptions.heartbeatTimeout, '30s');
  const beats: unknown[] = [];
  const progress = { ...unwatched, beat: (details: unknown) => void beats.push(details) };
  const slow = Promise.withResolvers<{ removed: number; isDone: boolean }>();
  const sweeping = sweepAll(() => slow.promise, { rowsMax: 10, budgetMs: 60_000 }, progress);
  // Three tries of S3, 15 s each.
  for (let waited = 0; waited < 45_000; waited += 15_000) {
    mock.timers.tick(15_000);
    assert.ok(beats.length > waited / 15_000, 'a beat in any 15 s');
  }
  slow.resolve({ removed: 3, isDone: true });
  assert.deepEqual(await sweeping, { removed: 3, isDone: true });
  assert.deepEqual([beats[0], beats.at(-1)], [{ removed: 0 }, { removed: 3 }]);
  const { length } = beats;
  mock.timers.tick(60_000);
  assert.equal(beats.length, length);
});
