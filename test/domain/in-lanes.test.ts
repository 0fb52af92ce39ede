import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { inLanes } from '#domain/in-lanes.ts';

/** Works that end when they are told to; `begun` lists their items in order. */
function makeWorks() {
  const begun: number[] = [];
  const open = new Map<number, PromiseWithResolvers<string>>();
  return {
    begun,
    work: (item: number): Promise<string> => {
      begun.push(item);
      const ending = Promise.withResolvers<string>();
      open.set(item, ending);
      return ending.promise;
    },
    async end(item: number): Promise<void> {
      open.get(item)!.resolve(`done ${item}`);
      open.delete(item);
      await settled();
    },
    async fail(item: number): Promise<void> {
      open.get(item)!.reject(new Error(`failed ${item}`));
      open.delete(item);
      await settled();
    },
    openItems: (): number[] => [...open.keys()],
  };
}

/** Whatever follows from what was decided has happened: the event loop was idle. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('work in lanes', () => {
  test('is done on every item once, never on more than the bound, with results in order, whatever ends first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.nat()), async (count, lanesMax, picks) => {
        const works = makeWorks();
        const items = Array.from({ length: count }, (_, i) => i);
        const all = inLanes(items, lanesMax, works.work);
        for (let ended = 0; ended < count; ended++) {
          const open = works.openItems();
          assert.equal(open.length, Math.min(lanesMax, count - ended));
          await works.end(open[(picks.next().value as number) % open.length]!);
        }
        assert.deepEqual(
          await all,
          items.map((item) => `done ${item}`),
        );
        assert.deepEqual(works.begun, items);
      }),
      { numRuns: 200 },
    );
  });

  test('on nothing is done at once', async () => assert.deepEqual(await inLanes([], 3, () => Promise.reject(new Error('never'))), []));

  test('begins no further item after one failed, and throws what it threw without waiting for the others', async () => {
    const works = makeWorks();
    const all = inLanes([0, 1, 2, 3, 4], 2, works.work);
    const thrown = assert.rejects(all, /^Error: failed 1$/);
    await works.fail(1);
    await thrown;
    await works.end(0);
    assert.deepEqual(works.begun, [0, 1]);
  });

  test('takes a second failure for no unhandled one', async () => {
    const works = makeWorks();
    const thrown = assert.rejects(inLanes([0, 1, 2], 2, works.work), /^Error: failed 0$/);
    await works.fail(0);
    await works.fail(1);
    await thrown;
    assert.deepEqual(works.begun, [0, 1]);
  });

  test('stops where its work looks at a signal', async () => {
    const stopping = new AbortController();
    const works = makeWorks();
    const all = inLanes([0, 1, 2, 3], 2, async (item) => {
      stopping.signal.throwIfAborted();
      return works.work(item);
    });
    const thrown = assert.rejects(all, { name: 'AbortError' });
    stopping.abort();
    await works.end(0);
    await thrown;
    await works.end(1);
    assert.deepEqual(works.begun, [0, 1]);
  });
});
