import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sweepAll } from '#activities/cleanup/sweep.ts';
import { unwatched } from '#activities/batch/progress.ts';
import { makeStagingSweep } from '#activities/cleanup/discard-abandoned.ts';
import { chooseBucket } from '#setup/choose-bucket.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3 } from '#adapters/s3.ts';
import { stagingFolder } from '#domain/lake/tables.ts';
import { makeNames } from '#domain/names.ts';
import { cleanUpCounted } from '#test/activities/cleanup/rows.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const start = '2026-01-01T12:00:00Z';
const config = await testConfig();
const postgres: Postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
let s3: S3;
before(async () => {
  await migrate(postgres);
  s3 = makeS3(config, await chooseBucket(postgres, config, makeNames(config.prefix)));
  await s3.ensureBucket();
});
after(async () => {
  s3.close();
  await postgres.close();
});

const put = (key: string): Promise<void> => s3.put(key, Buffer.from('x'));
const keys = async (): Promise<string[]> => (await s3.list('')).map(({ key }) => key).toSorted();
/** Removes what is older than an object was when it is called: S3 counts in whole seconds. */
async function cleanOlderThanNow(): Promise<number> {
  const newest = Math.max(...(await s3.list('')).map(({ modifiedAtMs }) => modifiedAtMs));
  await waitFor(() => Date.now() > newest + 1, { what: 'the objects to be older than now' });
  return (await sweepAll(makeStagingSweep({ s3, postgres, keepMs: 0 }), { rowsMax: 40, budgetMs: 60_000 }, unwatched)).removed;
}

test('what runs left behind goes; what a run or a publish that is to be finished needs stays, and all that is no staging', async () => {
  const kept = [
    `${stagingFolder(start, 'runs')}/plan.json`,
    `${stagingFolder(start, 'runs')}/part-00000-pin.parquet`,
    `${stagingFolder(start, 'pending')}/plan.json`,
    'staging/marts/marts-pending-abc/pins_per_category.json',
    'lake/clean_pins/dt=2026-01-01/gone.parquet',
    'raw/t/one.ndjson.zst',
    'staging/somebody-elses',
  ];
  const abandoned = [
    `${stagingFolder(start, 'gone')}/plan.json`,
    `${stagingFolder(start, 'gone')}/part-00000-pin.parquet`,
    `${stagingFolder('2026-01-01T13:00:00Z', 'done')}/plan.json`,
    'staging/marts/marts-gone-abc/pins_per_category.json',
  ];
  for (const key of [...kept, ...abandoned]) await put(key);
  await postgres.execute(
    `INSERT INTO pinflow.interval (start, "end", state, run_id) VALUES ($1, $2, 'running', 'runs'), ($2, $3, 'complete', 'done')`,
    [start, '2026-01-01T13:00:00Z', '2026-01-01T14:00:00Z'],
  );
  await postgres.execute(`UPDATE pinflow.lake_lock SET pending = $1`, [
    JSON.stringify({
      run: 'pending',
      marts: [{ name: 'pins_per_category', rowsKey: 'staging/marts/marts-pending-abc/pins_per_category.json' }],
    }),
  ]);

  assert.equal((await cleanUpCounted({ config, postgres, s3 }, 'staging')).removed, 0, 'all is younger than a day');
  assert.equal(await cleanOlderThanNow(), abandoned.length);
  assert.deepEqual(await keys(), kept.toSorted());
  assert.equal(await cleanOlderThanNow(), 0);
});

test('more than one page goes, two at once, and a listing that breaks off is begun anew', async () => {
  const many = Array.from({ length: 130 }, (_, i) => `${stagingFolder(start, 'many')}/part-${i}.parquet`);
  await Promise.all(many.map(put));
  let faults = 1;
  const failing: Pick<S3, 'pages' | 'delete'> = {
    ...s3,
    async delete(wanted) {
      if (faults-- > 0) throw new Error('broke off');
      await s3.delete(wanted);
    },
  };
  const sweep = makeStagingSweep({ s3: failing, postgres, keepMs: 0 });
  await waitFor(async () => Date.now() > Math.max(...(await s3.list('')).map(({ modifiedAtMs }) => modifiedAtMs)) + 1, { what: 'age' });
  await assert.rejects(async () => sweep(50), /broke off/);
  const limits = { rowsMax: 50, budgetMs: 60_000 };
  await Promise.all([sweepAll(sweep, limits, unwatched), cleanOlderThanNow()]);
  assert.deepEqual(
    (await keys()).filter((key) => key.includes('/many/')),
    [],
  );
});
