import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { waitFor } from '#test/support/servers.ts';
import type { BatchRig } from '#test/workflows/batch-rig.ts';
import { openBatchRig } from '#test/workflows/batch-rig.ts';
import { intervalsAtOnce } from '#workflows/policies.ts';

describe('the room of intervals', () => {
  let rig: BatchRig;
  before(async () => {
    rig = await openBatchRig();
  });
  after(() => rig.close());

  test('a partition that stands still keeps its own intervals waiting, and none that holds nothing of it', async () => {
    const stands = 1;
    for (let i = 0; i < intervalsAtOnce; i++) {
      await rig.sendPins([`stands-${i}`], stands);
      await rig.nextInterval();
    }
    const others = Array.from({ length: intervalsAtOnce + 1 }, (_, i) => `other-${i}`);
    for (const id of others) {
      await rig.land(await rig.sendPins([id]), [id]);
      await rig.nextInterval();
    }
    await rig.closed();
    const patient = { waitMs: 120_000 };
    const { left } = await rig.tick(patient);
    assert.ok(left >= others.length, `${left} wait for room`);
    const landed = async (): Promise<number> => (await rig.states()).filter((state) => state === 'complete').length;
    await waitFor(async () => (await landed()) === others.length, { what: 'the other intervals to be published' });
    assert.deepEqual(await rig.pins(), others);

    for (let i = 0; i < intervalsAtOnce; i++) await rig.land(i, [`stands-${i}`], stands);
    await rig.tick({ ...patient, only: 'open' });
    await waitFor(async () => (await rig.states()).every((state) => state === 'complete'), { what: 'all to be complete' });
  });
});
