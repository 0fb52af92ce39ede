import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toDuckdbFailure } from '#adapters/duckdb/failure.ts';
import type { CleanedBatch, CleaningEngine } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeLastingCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { sampleRecord } from '#domain/sample-record.ts';

const cleaned: CleanedBatch = { rows: 1, columns: {} };
const invalidated = new Error('FATAL Error: Failed: database has been invalidated because of a previous fatal error.');

async function rejected(error: Error): Promise<never> {
  throw toDuckdbFailure(error, false);
}

/** Engines that die as DuckDB 1.5 does: of the batch that `dies` names with INTERNAL, and of all others from then on. */
function makeEngines(dies: (engine: number) => boolean) {
  const engines: { dead: boolean; closed: boolean }[] = [];
  const open = (): Promise<CleaningEngine> => {
    const state = { dead: false, closed: false };
    const number = engines.push(state);
    return Promise.resolve({
      clean: () => {
        if (state.dead) return rejected(invalidated);
        if (!dies(number)) return Promise.resolve(cleaned);
        state.dead = true;
        return rejected(new Error('INTERNAL Error: index 1 within vector of size 1'));
      },
      close: () => {
        state.closed = true;
      },
    });
  };
  return { engines, open };
}

const batch = [sampleRecord('pin')];

test('an engine that died is left behind, and the next batch is cleaned by a new one', async () => {
  const { engines, open } = makeEngines((engine) => engine < 3);
  const cleaner = await makeLastingCleaner(open);
  await assert.rejects(cleaner.clean('pin', batch), { kind: 'crashed' });
  await assert.rejects(cleaner.clean('pin', batch), { kind: 'crashed' });
  assert.equal(await cleaner.clean('pin', batch), cleaned);
  assert.equal(await cleaner.clean('pin', batch), cleaned);
  assert.deepEqual(
    engines.map(({ closed }) => closed),
    [true, true, false],
  );
});

test('batches that die together share one new engine', async () => {
  const { engines, open } = makeEngines((engine) => engine === 1);
  const cleaner = await makeLastingCleaner(open);
  const outcomes = await Promise.allSettled([cleaner.clean('pin', batch), cleaner.clean('geo', batch), cleaner.clean('user', batch)]);
  assert.ok(outcomes.every(({ status }) => status === 'rejected'));
  assert.equal(await cleaner.clean('pin', batch), cleaned);
  assert.equal(engines.length, 2);
});

test('an engine that cannot be opened is tried again with the next batch', async () => {
  const { open } = makeEngines((engine) => engine === 1);
  let opened = 0;
  const cleaner = await makeLastingCleaner(() => (++opened === 2 ? Promise.reject(new Error('no memory now')) : open()));
  await assert.rejects(cleaner.clean('pin', batch), { kind: 'crashed' });
  await assert.rejects(cleaner.clean('pin', batch), /no memory now/);
  assert.equal(await cleaner.clean('pin', batch), cleaned);
});

test('what is cleaned alone has no batch beside it, and lets none begin', async () => {
  let running = 0;
  const ends: (() => void)[] = [];
  const cleaner = await makeLastingCleaner(() =>
    Promise.resolve({
      clean: async () => {
        running += 1;
        await new Promise<void>((resolve) => ends.push(resolve));
        running -= 1;
        return cleaned;
      },
      close: () => undefined,
    }),
  );
  const beside = cleaner.clean('pin', batch);
  let begun = 0;
  const alone = cleaner.alone(async (cleaning) => {
    begun = running + 1;
    await cleaning.alone(() => cleaning.clean('pin', batch));
  });
  const later = cleaner.clean('pin', batch);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.equal(begun, 0, 'it waits for the batch that is under way');
  ends.shift()!();
  await beside;
  await turn();
  assert.equal(begun, 1);
  assert.equal(running, 1, 'the batch behind it waits');
  ends.shift()!();
  await alone;
  await turn();
  ends.shift()!();
  await later;
});
