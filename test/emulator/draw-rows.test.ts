import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawRows } from '#emulator/draw-rows.ts';

function draw(seed: number, rowCount: number, count: number): { row: number; sleepMs: number }[] {
  const draws = drawRows(seed, rowCount);
  return Array.from({ length: count }, () => draws.next().value);
}

test('seed 100 replays the rows that the emulators of the course post', () => {
  assert.deepEqual(
    draw(100, 11_154, 10).map(({ row }) => row),
    [7528, 2863, 5730, 8304, 8731, 1313, 4315, 10794, 5494, 5069],
  );
});

test('the first repeat of seed 100 is event 277', () => {
  const rows = draw(100, 11_154, 278).map(({ row }) => row);
  assert.equal(new Set(rows.slice(0, 277)).size, 277);
  assert.ok(rows.slice(0, 277).includes(rows[277]!));
});

test('sleeps are spread evenly over 0 to 2 s', () => {
  const sleeps = draw(7, 11_154, 2_000).map(({ sleepMs }) => sleepMs);
  assert.ok(sleeps.every((sleepMs) => sleepMs >= 0 && sleepMs < 2_000));
  for (const quarter of [0, 500, 1_000, 1_500]) {
    const share = sleeps.filter((sleepMs) => sleepMs >= quarter && sleepMs < quarter + 500).length / sleeps.length;
    assert.ok(share > 0.2 && share < 0.3, `${quarter} to ${quarter + 500} ms: ${share}`);
  }
});

test('a source with fewer rows than 11,001 is drawn from as a whole, and only from it', () => {
  assert.deepEqual(new Set(draw(1, 3, 100).map(({ row }) => row)), new Set([0, 1, 2]));
});
