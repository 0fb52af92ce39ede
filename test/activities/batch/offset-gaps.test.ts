import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { IntervalRef } from '#domain/intervals.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { pinJson } from '#test/support/environment.ts';

describe('an interval with offsets that hold no record', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());
  const counted = async ({ start }: IntervalRef): Promise<unknown> =>
    (await lake.postgres.query(`SELECT state, records, clean FROM pinflow.interval WHERE start = $1`, [start]))[0];

  test('adds up, also where a cut lies within an object, and where it holds no record at all', async () => {
    // Records at 0, 1 and 3; 2, 4 and 5 hold none.
    await lake.land('pin', 0, 0, [pinJson('a'), pinJson('b')]);
    await lake.land('pin', 0, 3, [pinJson('c')]);
    await lake.postgres.execute(`UPDATE pinflow.landing_range SET last_offset = 2, gaps = '{[2,3)}' WHERE first_offset = 0`);
    await lake.postgres.execute(`UPDATE pinflow.landing_range SET last_offset = 5, gaps = '{[4,6)}' WHERE first_offset = 3`);
    const first = await lake.closeInterval({ pin: { 0: 5 } });
    assert.equal((await lake.run(first)).outcome, 'published');
    assert.deepEqual(await counted(first), { state: 'complete', records: 3, clean: 3 });
    const onlyGaps = await lake.closeInterval({ pin: { 0: 6 } });
    await lake.run(onlyGaps);
    assert.deepEqual(await counted(onlyGaps), { state: 'complete', records: 0, clean: 0 });
    await lake.postgres.execute(
      `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, state, records, gaps) VALUES ($1, 0, 6, 8, 1, 'landed', 0, '{[6,9)}')`,
      [lake.names.topicOf('pin')],
    );
    const bare = await lake.closeInterval({ pin: { 0: 9 } });
    await lake.run(bare);
    assert.deepEqual(await counted(bare), { state: 'complete', records: 0, clean: 0 });
    assert.deepEqual((await lake.sql('SELECT count(*) AS n FROM pins')).rows, [{ n: 3 }]);
  });
});
