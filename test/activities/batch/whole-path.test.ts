import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { geoJson, openLakeEnvironment, originMs, userJson } from '#test/activities/batch/lake-environment.ts';
import { pinJson } from '#test/support/environment.ts';

describe('an interval on its whole path', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ batchPartBytes: 1 });
  });
  after(() => lake.close());

  test('before the first publish every view is there and empty, and the answer says so', async () => {
    const { rows, generation, note } = await lake.sql('SELECT count(*) AS n FROM pins JOIN geo USING (ind) JOIN users USING (ind)');
    assert.deepEqual(rows, [{ n: 0 }]);
    assert.equal(generation, null);
    assert.match(note ?? '', /Nothing is published yet/);
  });

  test('records of all kinds become rows, rejects and duplicates that add up', async () => {
    await lake.land('pin', 0, 0, [
      pinJson('a'),
      pinJson('b', { category: 'travel', follower_count: '1.2k' }),
      '{"broken',
      pinJson('a', { title: 'Later' }),
    ]);
    await lake.land('pin', 1, 0, [pinJson('c'), Buffer.from([0xff, 0x7b]), null]);
    await lake.land('geo', 2, 0, [geoJson(7), geoJson(8)]);
    await lake.land('user', 3, 0, [userJson(7), userJson(7, { age: 21 })]);
    const interval = await lake.closeInterval({ pin: { 0: 4, 1: 3 }, geo: { 2: 2 }, user: { 3: 2 } });
    assert.equal((await lake.run(interval)).outcome, 'published');

    const { rows } = await lake.sql(`SELECT state, records, clean, rejects, duplicates, generation FROM intervals`);
    assert.deepEqual(rows, [{ state: 'complete', records: 11, clean: 6, rejects: 3, duplicates: 2, generation: 1 }]);
    const pins = await lake.sql(
      `SELECT unique_id, title, category, follower_count, tag_list, partition, "offset", append_time FROM pins ORDER BY unique_id`,
    );
    const at = (ms: number): string => `${new Date(originMs + ms).toISOString().slice(0, -1)}000Z`;
    assert.deepEqual(pins.rows, [
      {
        unique_id: 'a',
        title: 'Later',
        category: 'art',
        follower_count: 5_000,
        tag_list: ['One', 'Two'],
        partition: 0,
        offset: 3,
        append_time: at(3),
      },
      {
        unique_id: 'b',
        title: 'Ten ideas',
        category: 'travel',
        follower_count: 1_200,
        tag_list: ['One', 'Two'],
        partition: 0,
        offset: 1,
        append_time: at(1),
      },
      {
        unique_id: 'c',
        title: 'Ten ideas',
        category: 'art',
        follower_count: 5_000,
        tag_list: ['One', 'Two'],
        partition: 1,
        offset: 0,
        append_time: at(0),
      },
    ]);
    assert.deepEqual(
      pins.columns.map(({ type }) => type),
      ['VARCHAR', 'VARCHAR', 'VARCHAR', 'BIGINT', 'VARCHAR[]', 'INTEGER', 'BIGINT', 'TIMESTAMP WITH TIME ZONE'],
    );
    const rejects = await lake.sql(`SELECT kind, reason, partition, "offset", value, encoding FROM rejects ORDER BY partition, "offset"`);
    assert.deepEqual(rejects.rows, [
      { kind: 'pin', reason: 'malformed_json', partition: 0, offset: 2, value: '{"broken', encoding: 'text' },
      {
        kind: 'pin',
        reason: 'invalid_utf8',
        partition: 1,
        offset: 1,
        value: Buffer.from([0xff, 0x7b]).toString('base64'),
        encoding: 'base64',
      },
      { kind: 'pin', reason: 'malformed_json', partition: 1, offset: 2, value: null, encoding: null },
    ]);
    assert.deepEqual(
      (await lake.sql(`SELECT geo.ind, country, coordinates, age, user_name FROM geo JOIN users USING (ind) ORDER BY 1`)).rows,
      [{ ind: 7, country: "Cote d'Ivoire", coordinates: [-89.9787, -173.293], age: 21, user_name: 'Ada Example' }],
    );
  });

  test('an object that a cut goes through gives its lines to two intervals, and identities count once over both', async () => {
    await lake.land('pin', 0, 4, [pinJson('d'), pinJson('a', { title: 'Latest' }), pinJson('e'), pinJson('d', { title: 'Other d' })]);
    const second = await lake.closeInterval({ pin: { 0: 6 } });
    const third = await lake.closeInterval({ pin: { 0: 8 } });
    await lake.run(second);
    await lake.run(third);
    const { rows } = await lake.sql(`SELECT unique_id, title FROM pins ORDER BY 1`);
    assert.deepEqual(rows, [
      { unique_id: 'a', title: 'Latest' },
      { unique_id: 'b', title: 'Ten ideas' },
      { unique_id: 'c', title: 'Ten ideas' },
      { unique_id: 'd', title: 'Other d' },
      { unique_id: 'e', title: 'Ten ideas' },
    ]);
    assert.deepEqual(
      (await lake.sql(`SELECT sum(records) AS records, sum(clean + rejects + duplicates) AS accounted FROM intervals`)).rows,
      [{ records: 15, accounted: 15 }],
    );
  });

  test('the same interval again is unchanged, without a commit and without leftovers', async () => {
    const before = await readNewestGeneration(lake.postgres);
    const again = await lake.run({ start: '2026-01-01T12:00:00Z', end: '2026-01-01T12:01:00Z' });
    assert.deepEqual(again, { outcome: 'unchanged', generation: 1 });
    assert.deepEqual(await readNewestGeneration(lake.postgres), before);
    assert.deepEqual(
      (await lake.s3.list('staging/')).map(({ key }) => key),
      [],
    );
  });

  test('an interval without records is complete without a generation', async () => {
    const before = await readNewestGeneration(lake.postgres);
    assert.deepEqual(await lake.run(await lake.closeInterval({})), { outcome: 'empty' });
    assert.deepEqual(await readNewestGeneration(lake.postgres), before);
  });
});
