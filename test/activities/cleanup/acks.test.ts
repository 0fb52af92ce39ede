import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeAckLedger } from '#api/door/ack-ledger.ts';
import { cleanUpCounted } from '#test/activities/cleanup/rows.ts';
import { quietLog } from '#test/support/environment.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

let config: Config;
let postgres: Postgres;
before(async () => {
  config = await testConfig({ retentionAckDays: 2 });
  postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
});
after(() => postgres.close());
beforeEach(() => postgres.execute('TRUNCATE pinflow.door_ack, pinflow.checkpoint'));

type Range = [instance: string, partition: number, first: number, last: number];
const clean = (rowsMax = 100) => cleanUpCounted({ config, postgres }, 'door_ack', { rowsMax });

/** Rows as flushes leave them, at noon (UTC) some days ago. */
async function lay(daysAgo: number, ranges: readonly Range[]): Promise<void> {
  await postgres.execute(
    `INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset, flushed_at)
     SELECT instance, 't', partition, first, last, date_trunc('day', now(), 'UTC') + interval '12 h' - make_interval(days => $1::int) + first * interval '1 ms'
     FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) AS one (instance, partition, first, last)`,
    [daysAgo, ...([0, 1, 2, 3] as const).map((column) => ranges.map((range) => range[column]))],
  );
}

async function ranges(): Promise<Range[]> {
  const rows = await postgres.query<{ row: Range }>(
    `SELECT json_build_array(instance, partition, first_offset, last_offset) AS row FROM pinflow.door_ack ORDER BY partition, first_offset, instance`,
  );
  return rows.map(({ row }) => row);
}

/** How far each reader is, in all partitions. */
const setCheckpoints = (landing: number, stream: number): Promise<number> =>
  postgres.execute(
    `INSERT INTO pinflow.checkpoint (reader, topic, partition, next_offset)
     SELECT reader, 't', p, CASE reader WHEN 'landing' THEN $1::bigint ELSE $2::bigint END FROM unnest(ARRAY['landing', 'stream']) reader, generate_series(0, 2) p`,
    [landing, stream],
  );

/** `count` flushes of a partition, ten offsets each. */
const flushes = (instance: string, partition: number, from: number, count: number): Range[] =>
  Array.from({ length: count }, (_, i) => [instance, partition, from + 10 * i, from + 10 * i + 9]);

test('contiguous ranges of one instance and partition become one row a day, in small steps; gaps and instances stay apart', async () => {
  await lay(1, [...flushes('a', 0, 0, 500), ...flushes('b', 0, 5_000, 100), ...flushes('a', 0, 6_000, 100), ...flushes('a', 1, 0, 50)]);
  await lay(1, [['a', 1, 600, 609]]);
  const { removed, steps } = await clean();
  const wanted: Range[] = [
    ['a', 0, 0, 4_999],
    ['b', 0, 5_000, 5_999],
    ['a', 0, 6_000, 6_999],
    ['a', 1, 0, 499],
    ['a', 1, 600, 609],
  ];
  assert.deepEqual(await ranges(), wanted);
  assert.equal(removed, 751 - wanted.length);
  assert.ok(steps >= 8, `${steps} steps`);
  // What comes later goes on where the row of the day ends.
  await lay(1, flushes('a', 0, 7_000, 250));
  await lay(0, []);
  await clean();
  assert.deepEqual((await ranges())[2], ['a', 0, 6_000, 9_499]);
  assert.equal((await clean()).removed, 0);
});

test('a day ends a row, and a range that a repeated flush wrote again is taken in', async () => {
  await lay(2, flushes('a', 0, 0, 10));
  await lay(1, flushes('a', 0, 100, 10));
  await clean();
  assert.deepEqual(await ranges(), [
    ['a', 0, 0, 99],
    ['a', 0, 100, 199],
  ]);
  await lay(1, [
    ['a', 0, 130, 149],
    ['a', 0, 190, 219],
  ]);
  await clean();
  assert.deepEqual(await ranges(), [
    ['a', 0, 0, 99],
    ['a', 0, 100, 219],
  ]);
});

test('what is younger than a minute is left to the door', async () => {
  await postgres.execute(
    `INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset) SELECT 'a', 't', 0, 10 * i, 10 * i + 9 FROM generate_series(0, 9) i`,
  );
  await clean();
  assert.equal((await ranges()).length, 10);
});

test('ranges out of retention go, those that a reader has not stored stay', async () => {
  await setCheckpoints(50_000, 300);
  await lay(4, [...flushes('a', 0, 0, 100), ...flushes('b', 1, 0, 10)]);
  await lay(
    4,
    Array.from({ length: 60 }, (_, i): Range => ['c', 2, 5 * i, 5 * i]),
  );
  await lay(1, flushes('b', 1, 100, 10));
  const before = await ranges();
  const { isDone } = await clean(20);
  assert.equal(isDone, true);
  assert.deepEqual(await ranges(), [
    ['a', 0, 0, 999],
    ['b', 1, 100, 199],
  ]);
  assert.equal(before.length, 180);
});

test('without a checkpoint nothing is taken for stored', async () => {
  await lay(9, flushes('a', 0, 0, 5));
  await clean();
  assert.deepEqual(await ranges(), [['a', 0, 0, 49]]);
});

test('two at once, while the door writes and repeats what it wrote, lose no offset', async () => {
  await lay(0, []);
  const expected = 2_000 * 10 + 300;
  await postgres.execute(
    `INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset, flushed_at)
     SELECT 'a', 't', 0, 10 * i, 10 * i + 9, now() - interval '5 minutes' FROM generate_series(0, 1999) i`,
  );
  const ledger = makeAckLedger({ instance: 'a', log: quietLog, statements: postgres });
  const door = (async () => {
    for (let i = 0; i < 30; i++) {
      // A flush whose answer was lost comes again, longer; and new ranges come on top.
      ledger.note('t', 0, 600 * i, 600 * i + 59);
      ledger.note('t', 0, 20_000 + 10 * i, 20_009 + 10 * i);
      await ledger.flush();
    }
  })();
  await Promise.all([clean(150), clean(150), door]);
  await ledger.close();
  await postgres.execute(`UPDATE pinflow.door_ack SET flushed_at = flushed_at - interval '2 minutes' WHERE NOT merged`);
  await clean(150);
  const [covered] = await postgres.query<{ n: number }>(
    `SELECT count(DISTINCT o) AS n FROM pinflow.door_ack, generate_series(first_offset, last_offset) o WHERE instance = 'a'`,
  );
  assert.equal(covered!.n, expected);
  assert.ok((await ranges()).length <= 2, 'one row a day');
});
