import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { insertCuts, readCut, readLastCut } from '#activities/ledger/cut-rows.ts';
import { beginRun, readInterval } from '#activities/ledger/interval-ledger.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { timeText } from '#domain/intervals.ts';
import { cleanUpCounted } from '#test/activities/cleanup/rows.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const hourMs = 3_600_000;
const hoursLaid = 30;
const hoursKept = 10;
/** End of the newest interval: the last full hour. */
const endMs = Math.floor(Date.now() / hourMs) * hourMs;
/** Boundary so many hours before the newest. */
const at = (hoursAgo: number): string => timeText(endMs - hoursAgo * hourMs);

let config: Config;
let postgres: Postgres;
before(async () => {
  config = await testConfig({ retentionCutDays: hoursKept / 24 });
  postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
});
after(() => postgres.close());
/** Complete intervals of an hour each, with the cuts of three partitions. */
beforeEach(async () => {
  await postgres.execute('TRUNCATE pinflow.cut, pinflow.interval');
  const boundaries = Array.from({ length: hoursLaid + 1 }, (_, i) => hoursLaid - i);
  await insertCuts(
    postgres,
    boundaries.map((ago, i) => ({
      atMs: Date.parse(at(ago)),
      offsets: [0, 1, 2].map((partition) => ({ topic: 't', partition, offset: i })),
    })),
  );
  for (const ago of boundaries.slice(0, -1))
    await postgres.execute(`INSERT INTO pinflow.interval (start, "end", state) VALUES ($1, $2, 'complete')`, [at(ago), at(ago - 1)]);
});

const clean = () => cleanUpCounted({ config, postgres }, 'cut', { rowsMax: 40 });
const setState = (ago: number, state: string): Promise<number> =>
  postgres.execute(`UPDATE pinflow.interval SET state = $2 WHERE start = $1`, [at(ago), state]);
const boundariesKept = async (): Promise<string[]> =>
  (await postgres.query<{ at: Date; n: number }>(`SELECT at, count(*) AS n FROM pinflow.cut GROUP BY at ORDER BY at`)).map(
    ({ at: time, n }) => {
      assert.equal(n, 3, 'a boundary is whole');
      return timeText(time.getTime());
    },
  );
/** Boundaries from so many hours ago to the newest. The first interval within the retention needs the one it starts at. */
const fromBoundary = (hoursAgo: number): string[] => Array.from({ length: hoursAgo + 1 }, (_, i) => at(hoursAgo - i));
/** The interval that ends so long ago is the last within the retention; whether the hour before is depends on the minute. */
const kept = fromBoundary(hoursKept);

test('cuts of complete intervals out of retention go in small steps; what later intervals need stays', async () => {
  const last = await readLastCut(postgres);
  const { removed, steps } = await clean();
  assert.deepEqual(await boundariesKept(), kept);
  assert.equal(removed, 3 * (hoursLaid - hoursKept));
  assert.ok(steps > 1, 'more than one step');
  assert.deepEqual(await readLastCut(postgres), last);
  assert.equal((await postgres.query('SELECT 1 FROM pinflow.interval')).length, hoursLaid, 'the ledger keeps its results');
});

test('open and held intervals keep both their cuts, however old they are', async () => {
  await setState(25, 'held');
  await setState(20, 'backing_off');
  await clean();
  assert.deepEqual(await boundariesKept(), [at(25), at(24), at(20), at(19), ...kept]);
  assert.equal((await readCut(postgres, at(24))).length, 3);
  await beginRun(postgres, { start: at(25), run: 'again' });
});

test('an interval without cuts is not run again, and stays as it was; one that has them is', async () => {
  await clean();
  await assert.rejects(
    beginRun(postgres, { start: at(25), run: 'again' }),
    (error: Failure) => error.kind === 'missing' && /out of retention/.test(error.message),
  );
  // Its end is kept for the one after it, its start is gone: it would seem to begin at offset 0.
  await assert.rejects(beginRun(postgres, { start: at(hoursKept + 1), run: 'again' }), Failure);
  assert.equal((await readInterval(postgres, at(hoursKept + 1))).state, 'complete');
  await beginRun(postgres, { start: at(hoursKept), run: 'again' });
});

test('the newest boundary and the last of a partition stay, whatever their age', async () => {
  // Nothing was cut for long: all boundaries are old.
  await postgres.execute(`UPDATE pinflow.cut SET at = at - interval '100 days'`);
  await postgres.execute(`UPDATE pinflow.interval SET start = start - interval '100 days', "end" = "end" - interval '100 days'`);
  const newest = timeText(endMs - 100 * 24 * hourMs);
  const other = timeText(endMs - 100 * 24 * hourMs - 5 * hourMs);
  await postgres.execute(`UPDATE pinflow.cut SET partition = 7 WHERE at = $1 AND partition = 2`, [other]);
  await clean();
  assert.deepEqual(await boundariesKept(), [other, newest]);
});

test('a run that begins while cuts are removed finds them whole or gone', async () => {
  const runs = Array.from({ length: hoursLaid - hoursKept }, (_, i) => at(hoursLaid - i));
  const begin = async (start: string): Promise<string | undefined> => {
    await beginRun(postgres, { start, run: 'again' }).catch((error: Failure) => assert.equal(error.kind, 'missing'));
    return (await readInterval(postgres, start)).state === 'running' ? start : undefined;
  };
  const [begun] = await Promise.all([Promise.all(runs.toReversed().map(begin)), clean(), clean()]);
  await clean();
  const boundaries = new Set(await boundariesKept());
  for (const start of begun.filter((one) => one !== undefined)) {
    assert.ok(boundaries.has(start), `${start} runs without its first cut`);
    assert.ok(boundaries.has(timeText(Date.parse(start) + hourMs)), `${start} runs without its last cut`);
  }
});
