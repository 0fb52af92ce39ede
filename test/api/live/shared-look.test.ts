import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hear, SharedLook } from '#api/live/shared-look.ts';
import { makeSharedLook } from '#api/live/shared-look.ts';

const explain = (error: unknown): string => (error as Error).message;

/** The next thing that a listener hears, and what ends its hearing. */
function nextOf(shared: SharedLook): { heard: Promise<Parameters<Hear>[0]>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<Parameters<Hear>[0]>();
  return { heard: promise, stop: shared.listen(resolve) };
}

test('whoever begins to listen while another asks hears too', { timeout: 10_000 }, async () => {
  const first = Promise.withResolvers<number>();
  let looks = 0;
  const shared = makeSharedLook({ look: () => (++looks === 1 ? first.promise : Promise.resolve(looks)), everyMs: 1, explain });
  const asked = shared.ask();
  const { heard, stop } = nextOf(shared);
  first.resolve(1);
  assert.equal(await asked, '1');
  assert.ok('text' in (await heard));
  stop();
});

test('who left is told nothing, and who comes afterwards is heard of again', { timeout: 10_000 }, async () => {
  let looks = 0;
  const shared = makeSharedLook({ look: () => Promise.resolve(++looks), everyMs: 1, explain });
  const left = nextOf(shared);
  left.stop();
  const { heard, stop } = nextOf(shared);
  assert.ok('text' in (await heard));
  stop();
  assert.equal(await Promise.race([left.heard, Promise.resolve('nothing')]), 'nothing');
});

test('a look that fails is said, and the next one is told', { timeout: 10_000 }, async () => {
  let looks = 0;
  const shared = makeSharedLook({
    look: () => (++looks === 1 ? Promise.reject(new Error('It is away.')) : Promise.resolve(looks)),
    everyMs: 1,
    explain,
  });
  const all: Parameters<Hear>[0][] = [];
  const both = Promise.withResolvers<void>();
  const stop = shared.listen((heard) => {
    if (all.push(heard) === 2) both.resolve();
  });
  await both.promise;
  stop();
  assert.deepEqual(all.slice(0, 2), [{ problem: 'It is away.' }, { text: '2' }]);
});
