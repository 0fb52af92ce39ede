import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { cleanPart } from '#activities/batch/clean-part.ts';
import { planInterval } from '#activities/batch/plan-interval.ts';
import { unwatched } from '#activities/batch/progress.ts';
import type { MartsResult } from '#activities/batch/refresh-marts.ts';
import { refreshMarts } from '#activities/batch/refresh-marts.ts';
import { readMarts } from '#activities/ledger/mart-ledger.ts';
import { readNewestGeneration, readNewestOf } from '#activities/lake/generations.ts';
import { readPending } from '#activities/lake/lake-lock.ts';
import { readLakeStatus } from '#questions/lake-status.ts';
import { marts } from '#domain/metrics/list.ts';
import type { Mart } from '#domain/metrics/metric.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { geoJson, openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { pinJson } from '#test/support/environment.ts';

describe('what a run may not publish', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  test('a gap between raw objects is named by topic, partition and offsets', async () => {
    await lake.land('pin', 0, 0, [pinJson('a'), pinJson('b')]);
    await lake.land('pin', 0, 4, [pinJson('c')]);
    const interval = await lake.closeInterval({ pin: { 0: 5 } });
    await assert.rejects(lake.run(interval), { kind: 'check_failed', message: /pinterest\.pin\/0 lack offsets 2 to 3/ });
    await lake.land('pin', 0, 2, [pinJson('d'), pinJson('e')]);
    assert.equal((await lake.run(interval)).outcome, 'published');
  });

  test('an object that holds fewer records than its name says fails the check, and the previous generation serves', async () => {
    const before = await readNewestGeneration(lake.postgres);
    await lake.land('pin', 0, 5, [pinJson('f')]);
    await lake.postgres.execute(`UPDATE pinflow.landing_range SET last_offset = 6 WHERE first_offset = 5`);
    const interval = await lake.closeInterval({ pin: { 0: 7 } });
    await assert.rejects(lake.run(interval), { kind: 'check_failed', message: /pin\/0 has 2 records by its cuts, 1 were read/ });
    assert.deepEqual(await readNewestGeneration(lake.postgres), before);
    assert.deepEqual((await lake.sql('SELECT count(*) AS n FROM pins')).rows, [{ n: 5 }]);
  });
});

describe('a result that replaces another', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  test('other content takes the place of the interval only, in a new generation; the old one can still be asked', async () => {
    await lake.land('pin', 0, 0, [pinJson('a'), pinJson('b')]);
    const first = await lake.closeInterval({ pin: { 0: 2 } });
    await lake.land('pin', 0, 2, [pinJson('c')]);
    const second = await lake.closeInterval({ pin: { 0: 3 } });
    await lake.run(first);
    await lake.run(second);
    // The same records under other code, as it were: the object says something else now.
    await lake.postgres.execute(`DELETE FROM pinflow.landing_range WHERE first_offset = 0`);
    await lake.s3.delete((await lake.s3.list('raw/')).map(({ key }) => key).filter((key) => key.includes('-00000000000000000000-')));
    await lake.land('pin', 0, 0, [pinJson('a', { title: 'Better' }), '{"nothing": 1}']);
    assert.deepEqual(await lake.run(first), { outcome: 'published', generation: 3 });
    assert.deepEqual((await lake.sql('SELECT unique_id, title FROM pins ORDER BY 1')).rows, [
      { unique_id: 'a', title: 'Better' },
      { unique_id: 'c', title: 'Ten ideas' },
    ]);
    assert.deepEqual((await lake.sql('SELECT reason FROM rejects')).rows, [{ reason: 'wrong_kind' }]);
    assert.deepEqual(
      (await lake.sql('SELECT unique_id FROM pins ORDER BY 1', { generation: 2 })).rows.map((row) => row['unique_id']),
      ['a', 'b', 'c'],
    );
  });

  test('attempts at the same part write the same rows under the same keys', async () => {
    const run = randomUUID();
    const interval = { start: '2026-01-01T12:00:00Z', end: '2026-01-01T12:01:00Z' };
    const { planKey } = await planInterval({ names: lake.names, postgres: lake.postgres, s3: lake.s3, partBytesMax: 1e9 }, interval, run);
    const attempt = (): ReturnType<typeof cleanPart> =>
      cleanPart(
        { s3: lake.s3, home: lake.config.home, runStatements: lake.runStatements, progress: unwatched },
        { start: interval.start, run, planKey, part: 0 },
      );
    const [one, two] = await Promise.all([attempt(), attempt()]);
    assert.deepEqual(one, two);
    assert.deepEqual(
      (await lake.s3.list('staging/')).map(({ key }) => key.split('/').at(-1)),
      ['part-00000-counts.json', 'part-00000-pin-rejects.parquet', 'part-00000-pin.parquet', 'plan.json'],
    );
  });

  test('cancellation kills the process that cleans', async () => {
    const run = randomUUID();
    const interval = { start: '2026-01-01T12:00:00Z', end: '2026-01-01T12:01:00Z' };
    const { planKey } = await planInterval({ names: lake.names, postgres: lake.postgres, s3: lake.s3, partBytesMax: 1e9 }, interval, run);
    const controller = new AbortController();
    const cleaning = cleanPart(
      {
        s3: lake.s3,
        home: lake.config.home,
        runStatements: lake.runStatements,
        progress: { signal: controller.signal, beat: () => undefined },
      },
      { start: interval.start, run, planKey, part: 0 },
    );
    controller.abort();
    await assert.rejects(cleaning, { name: 'AbortError' });
  });
});

describe('marts', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());
  const refresh = (codeVersion = 'one', wanted: readonly Mart[] = marts): Promise<MartsResult> =>
    refreshMarts(
      {
        postgres: lake.postgres,
        s3: lake.s3,
        log: lake.log,
        cache: lake.cache,
        home: lake.config.home,
        metrics: wanted,
        codeVersion,
        runStatements: lake.runStatements,
        progress: unwatched,
      },
      `marts-${randomUUID()}`,
    );

  test('without a generation there are none', async () => {
    assert.deepEqual(await refresh(), { outcome: 'none' });
  });

  test('a mart is the same in the lake and in Postgres, and is not computed twice', async () => {
    await lake.land('pin', 0, 0, [
      pinJson('a', { index: 1 }),
      pinJson('b', { index: 2 }),
      pinJson('c', { index: 3, category: 'travel' }),
      pinJson('d', { index: 4, category: '' }),
    ]);
    await lake.land('geo', 0, 0, [geoJson(1), geoJson(3), geoJson(2, { timestamp: '2021-01-01T00:00:00' })]);
    await lake.run(await lake.closeInterval({ pin: { 0: 4 }, geo: { 0: 3 } }));
    assert.deepEqual(await refresh(), { outcome: 'refreshed', generation: 2 });
    const perCategory = [
      { category: 'art', pins: 2 },
      { category: 'travel', pins: 1 },
      { category: null, pins: 1 },
    ];
    const perYear = [
      { post_year: 2020, category: 'art', category_count: 1 },
      { post_year: 2020, category: 'travel', category_count: 1 },
      { post_year: 2021, category: 'art', category_count: 1 },
    ];
    assert.deepEqual((await lake.sql('SELECT * FROM pins_per_category ORDER BY pins DESC, category NULLS LAST')).rows, perCategory);
    assert.deepEqual((await lake.sql('SELECT * FROM popular_category_per_year ORDER BY ALL')).rows, perYear);
    assert.deepEqual(
      await lake.postgres.query('SELECT * FROM marts.pins_per_category ORDER BY pins DESC, category NULLS LAST'),
      perCategory,
    );
    assert.deepEqual(await lake.postgres.query('SELECT * FROM marts.popular_category_per_year ORDER BY 1, 2'), perYear);
    assert.deepEqual(await refresh(), { outcome: 'current', generation: 2 });
  });

  test('an interval that changes no mart commits nothing; one that does replaces the rows', async () => {
    await lake.land('user', 0, 0, [
      JSON.stringify({ ind: 1, first_name: 'Ada', last_name: 'Example', age: 20, date_joined: '2015-10-24T11:23:51' }),
    ]);
    await lake.run(await lake.closeInterval({ user: { 0: 1 } }));
    const before = await readNewestGeneration(lake.postgres);
    assert.equal((await refresh()).outcome, 'unchanged');
    assert.deepEqual(await readNewestGeneration(lake.postgres), before);
    assert.deepEqual(await coverage('pins_per_category'), { lakeCovers: before?.id, covers: before?.id, failures: 0 });
    await lake.land('pin', 0, 4, [pinJson('e', { index: 5, category: 'travel' })]);
    await lake.run(await lake.closeInterval({ pin: { 0: 5 } }));
    assert.equal((await refresh()).outcome, 'refreshed');
    assert.deepEqual((await lake.sql(`SELECT pins FROM pins_per_category WHERE category = 'travel'`)).rows, [{ pins: 2 }]);
    assert.deepEqual(await lake.postgres.query(`SELECT pins FROM marts.pins_per_category WHERE category = 'travel'`), [{ pins: 2 }]);
  });

  test('other code computes them anew', async () => {
    assert.equal((await refresh('two')).outcome, 'unchanged');
    assert.equal((await refresh('two')).outcome, 'current');
  });

  let landed = 5;
  /** Another interval, with a pin of a category of its own. */
  async function nextInterval(): Promise<void> {
    await lake.land('pin', 0, landed, [pinJson(`p${landed}`, { index: landed, category: `category ${landed}` })]);
    await lake.run(await lake.closeInterval({ pin: { 0: ++landed } }));
  }

  async function coverage(name: string): Promise<object | undefined> {
    const row = (await readMarts(lake.postgres, [name])).get(name);
    return row && { lakeCovers: row.lakeCovers, covers: row.covers, failures: row.failures };
  }

  const refusals: [what: string, spoil: string, mend: string, problem: RegExp][] = [
    [
      'refuses NULL',
      `ALTER TABLE marts.pins_per_category ADD COLUMN owner text NOT NULL DEFAULT ''; ALTER TABLE marts.pins_per_category ALTER COLUMN owner DROP DEFAULT`,
      `ALTER TABLE marts.pins_per_category DROP COLUMN owner`,
      /^Table marts\.pins_per_category refuses the rows \(SQLSTATE 23502, column owner\)/,
    ],
    [
      'has another type',
      `ALTER TABLE marts.pins_per_category ALTER COLUMN category TYPE int USING length(category)`,
      `ALTER TABLE marts.pins_per_category ALTER COLUMN category TYPE text`,
      /^Table marts\.pins_per_category refuses the rows \(SQLSTATE 22P02\)/,
    ],
    [
      'is not there',
      `ALTER TABLE marts.pins_per_category RENAME TO away`,
      `ALTER TABLE marts.away RENAME TO pins_per_category`,
      /^Table marts\.pins_per_category does not exist, though the set-up made it/,
    ],
  ];
  for (const [what, spoil, mend, problem] of refusals) {
    test(`a mart whose table in Postgres ${what} holds up no other, and is mended with it`, async () => {
      await lake.postgres.execute(spoil);
      await nextInterval();
      const { outcome, failed } = await refresh('two');
      assert.deepEqual({ outcome, failed }, { outcome: 'refreshed', failed: ['pins_per_category'] });
      const newest = await readNewestOf(lake.postgres, 'interval');
      assert.deepEqual(await coverage('popular_category_per_year'), { lakeCovers: newest?.id, covers: newest?.id, failures: 0 });
      const status = await readLakeStatus(lake.postgres);
      assert.match(status.marts.find(({ name }) => name === 'pins_per_category')?.problem ?? '', problem);
      await lake.postgres.execute(mend);
      await lake.postgres.execute(`UPDATE pinflow.mart SET not_before = now() WHERE failures > 0`);
      assert.equal((await refresh('two')).failed, undefined);
      await assertSameRows();
    });
  }

  test('a mart that Postgres refuses holds up no publish, rests for a while and is computed anew', async () => {
    const [, spoil, mend] = refusals[0]!;
    await lake.postgres.execute(spoil);
    await nextInterval();
    // It may tell what failed or fail as a whole: what counts is what comes after it.
    await refresh('two').catch(() => undefined);
    await nextInterval();
    assert.equal((await readPending(lake.postgres))?.plan.run, undefined);
    await lake.postgres.execute(`UPDATE pinflow.mart SET not_before = now() + interval '1 hour' WHERE failures > 0`);
    assert.deepEqual((await refresh('two')).failed, ['pins_per_category'], 'it rests, the other goes on');
    await lake.postgres.execute(mend);
    await lake.postgres.execute(`UPDATE pinflow.mart SET not_before = now() WHERE failures > 0`);
    assert.equal((await refresh('two')).failed, undefined);
    await assertSameRows();
  });

  async function assertSameRows(): Promise<void> {
    assert.deepEqual(
      await lake.postgres.query(`SELECT * FROM marts.pins_per_category ORDER BY pins DESC, category COLLATE "C" NULLS LAST`),
      (await lake.sql(`SELECT * FROM pins_per_category ORDER BY pins DESC, category NULLS LAST`)).rows,
    );
  }

  test('a mart that cannot be computed holds up no other', async () => {
    await nextInterval();
    const [good, other] = marts;
    const broken = { ...other!, columns: [{ ...other!.columns[0]!, name: 'unheard_of' }, ...other!.columns.slice(1)] };
    const refreshed = await refresh('three', [good!, broken]);
    assert.deepEqual({ outcome: refreshed.outcome, failed: refreshed.failed }, { outcome: 'refreshed', failed: [other!.name] });
    const newest = await readNewestOf(lake.postgres, 'interval');
    assert.deepEqual(await coverage(good!.name), { lakeCovers: newest?.id, covers: newest?.id, failures: 0 });
    const status = await readLakeStatus(lake.postgres);
    assert.match(status.marts.find(({ name }) => name === other!.name)?.problem ?? '', /unheard_of/);
  });
});
