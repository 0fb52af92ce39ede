import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readMarts } from '#activities/ledger/mart-ledger.ts';
import { waitFor } from '#test/support/servers.ts';
import type { BatchRig } from '#test/workflows/batch-rig.ts';
import { openBatchRig } from '#test/workflows/batch-rig.ts';

describe('the marts', () => {
  let rig: BatchRig;
  before(async () => {
    rig = await openBatchRig();
  });
  after(() => rig.close());

  test('one that failed is tried again by itself when its time has come, though no publish and no tick asks', async () => {
    const { postgres } = rig.environment;
    const mart = 'pins_per_category';
    const row = async () => (await readMarts(postgres, [mart])).get(mart);
    await postgres.execute(`ALTER TABLE marts.${mart} RENAME TO away`);
    await rig.land(await rig.sendPins(['a']), ['a']);
    await rig.closed();
    await rig.tick({ intervalMs: 3_600_000 });
    await waitFor(async () => (await row())?.notBefore, { what: 'the mart to fail' });
    await postgres.execute(`ALTER TABLE marts.away RENAME TO ${mart}`);
    await waitFor(async () => (await row())?.failures === 0, { what: 'the mart to be tried again' });
    assert.deepEqual(await postgres.query(`SELECT * FROM marts.${mart}`), [{ category: 'art', pins: 1 }]);
    await rig.martsAreDone();
  });
});
