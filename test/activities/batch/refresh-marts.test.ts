import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { readMarts } from '#activities/ledger/mart-ledger.ts';
import { unwatched } from '#activities/batch/progress.ts';
import type { MartsResult } from '#activities/batch/refresh-marts.ts';
import { refreshMarts } from '#activities/batch/refresh-marts.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestOf } from '#activities/lake/generations.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { column } from '#domain/kinds/columns.ts';
import { marts } from '#domain/metrics/list.ts';
import type { Mart } from '#domain/metrics/metric.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { geoJson, openLakeEnvironment } from '#test/activities/batch/lake-environment.ts';
import { pinJson } from '#test/support/environment.ts';

describe('marts of which one cannot be published or is of another shape', () => {
  let lake: LakeEnvironment;
  before(async () => {
    lake = await openLakeEnvironment({ topicPartitions: 1 });
  });
  after(() => lake.close());

  function refresh(s3: S3 = lake.s3, metrics: readonly Mart[] = marts, codeVersion = 'one'): Promise<MartsResult> {
    const { postgres, cache, runStatements, config } = lake;
    const log = makeDeltaLog(s3, cache);
    const dependencies = {
      postgres,
      s3,
      log,
      cache,
      home: config.home,
      metrics,
      codeVersion,
      runStatements,
      progress: unwatched,
    };
    return refreshMarts(dependencies, `marts-${randomUUID()}`);
  }

  test('the others, which had not changed, are current, and that one says when it is tried again', async () => {
    await lake.land('pin', 0, 0, [pinJson('a', { index: 1 })]);
    await lake.land('geo', 0, 0, [geoJson(1)]);
    await lake.run(await lake.closeInterval({ pin: { 0: 1 }, geo: { 0: 1 } }));
    assert.equal((await refresh()).failed, undefined);
    // A pin without a place counts in one mart only.
    await lake.land('pin', 0, 1, [pinJson('b', { index: 2 })]);
    await lake.run(await lake.closeInterval({ pin: { 0: 2 } }));
    const denied: S3 = {
      ...lake.s3,
      upload(file, key) {
        if (key.startsWith('lake/pins_per_category/')) throw new Failure('denied', 'S3: check the rights on lake/pins_per_category.');
        return lake.s3.upload(file, key);
      },
    };
    const { failed, restMs } = await refresh(denied);
    assert.deepEqual(failed, ['pins_per_category']);
    assert.ok(restMs! > 0 && restMs! <= 5_000, `${restMs}`);
    const source = await readNewestOf(lake.postgres, 'interval');
    const rows = await readMarts(
      lake.postgres,
      marts.map(({ name }) => name),
    );
    for (const { name } of marts) {
      const { lakeCovers, failures } = rows.get(name)!;
      const isBehind = name === 'pins_per_category';
      assert.deepEqual({ isCurrent: lakeCovers! >= source!.id, failures }, { isCurrent: !isBehind, failures: isBehind ? 1 : 0 }, name);
    }
  });

  test('equal values of another type are other rows, and a table of another shape does not take them', async () => {
    const name = 'popular_category_per_year';
    const wider = marts.map((mart) =>
      mart.name === name ? { ...mart, columns: [column('post_year', 'BIGINT'), ...mart.columns.slice(1)] } : mart,
    );
    await lake.postgres.execute('UPDATE pinflow.mart SET not_before = NULL');
    assert.deepEqual((await refresh()).failed, undefined);
    const before = await lake.postgres.query(`SELECT * FROM marts.${name}`);
    const { outcome, failed } = await refresh(lake.s3, wider, 'two');
    assert.deepEqual({ outcome, failed }, { outcome: 'refreshed', failed: [name] });
    assert.match((await readMarts(lake.postgres, [name])).get(name)!.problem ?? '', /that of another version of the code/);
    assert.deepEqual(await lake.postgres.query(`SELECT * FROM marts.${name}`), before);
  });
});
