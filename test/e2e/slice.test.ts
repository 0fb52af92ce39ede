import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Stack } from '#test/support/stack.ts';
import { startStack } from '#test/support/stack.ts';
import { isLongForm } from '#test/support/long-form.ts';
import { waitFor } from '#test/support/servers.ts';

/**
 * The whole pipeline as `npm start` brings it up, seen from outside: events go in through the emulator and the door,
 * and must come out of Kafka, S3, the lake and Postgres, the same ones everywhere; in the end also after kill -9 while they
 * flow. How soon work resumes then is measured by `npm run bench -- recovery`.
 */
let stack: Stack;
before(async () => {
  stack = await startStack({ BATCH_INTERVAL_MS: '5000', LANDING_FLUSH_MS: '1000' });
});
after(() => stack.stop());

const seed = '5';
const count = 1_000;

/** What must not move when events are sent again. */
async function metrics(): Promise<unknown> {
  const queries = [
    `SELECT window_start, category, pins FROM metrics.category_per_minute ORDER BY 1, 2`,
    `SELECT poster_name, follower_count, posts, rank FROM metrics.profile_popularity ORDER BY 1`,
    `SELECT category, pins FROM marts.pins_per_category ORDER BY 1`,
    `SELECT post_year, category, category_count FROM marts.popular_category_per_year ORDER BY 1, 2`,
  ];
  return Promise.all(queries.map((sql) => stack.postgres.query(sql)));
}

async function settled(records: number): Promise<void> {
  await waitFor(async () => (await stack.streamed()) === records, {
    what: `${records} records in the stream's account`,
  });
  await waitFor(async () => (await stack.published()) === records, {
    what: `${records} records in published intervals`,
  });
  await waitFor(
    async () => {
      const [row] = await stack.postgres.query<{ done: boolean | null }>(
        `SELECT bool_and(covers >= (SELECT max(id) FROM pinflow.generation WHERE cause = 'interval')) AS done FROM pinflow.mart`,
      );
      return row?.done === true;
    },
    { what: 'marts after the last interval' },
  );
}

test('1,000 events are 1,000 records in Kafka, in raw objects without gap or overlap, and the same identities in lake and Postgres', async () => {
  const emulated = await stack.pinflow('emulate', '--count', String(count), '--rate', '400', '--seed', seed, '--shape', 'pin', '--quiet');
  assert.equal(emulated.code, 0, emulated.stderr);
  assert.equal(await stack.inKafka(), count);
  await settled(count);

  const ranges = await stack.postgres.query<{ topic: string; partition: number; first_offset: number; last_offset: number; state: string }>(
    `SELECT topic, partition, first_offset, last_offset, state FROM pinflow.landing_range ORDER BY topic, partition, first_offset`,
  );
  const next = new Map<string, number>();
  for (const { topic, partition, first_offset, last_offset, state } of ranges) {
    assert.equal(state, 'landed');
    assert.equal(first_offset, next.get(`${topic}/${partition}`) ?? 0, `the raw objects of ${topic}/${partition} are contiguous`);
    next.set(`${topic}/${partition}`, last_offset + 1);
  }
  assert.equal(
    [...next.values()].reduce((sum, end) => sum + end, 0),
    count,
  );

  const lake = await stack.sql<{ unique_id: string }>('SELECT unique_id FROM pins ORDER BY 1');
  const sink = await stack.postgres.query<{ unique_id: string }>('SELECT unique_id FROM experimental_data ORDER BY 1');
  assert.ok(sink.length > 900 && sink.length < count, `${sink.length} identities: the seed draws some rows twice`);
  assert.deepEqual(lake, sink);
});

test('batch and stream agree row by row', async () => {
  const columns = `ind, unique_id, title, description, follower_count, poster_name, is_image_or_video, image_src, save_location, category, downloaded, topic, partition, "offset", event_id`;
  const lake = await stack.sql(
    `SELECT ${columns}, to_json(tag_list)::VARCHAR AS tags, nulled, extra, epoch_ms(append_time) AS appended, epoch_ms(received_at) AS received FROM pins ORDER BY unique_id`,
  );
  const sink = await stack.postgres.query(
    `SELECT ${columns}, to_json(tag_list)::text AS tags, nulled::text AS nulled, extra::text AS extra,
       (extract(epoch FROM append_time) * 1000)::bigint AS appended, (extract(epoch FROM received_at) * 1000)::bigint AS received
     FROM experimental_data ORDER BY unique_id COLLATE "C"`,
  );
  assert.deepEqual(lake, sink);
  assert.ok(
    lake.some((row) => (row as { nulled: string | null }).nulled !== null),
    'the synthetic rows show dirt',
  );
});

test('the same 1,000 events sent again move no metric', async () => {
  const beforehand = await metrics();
  const emulated = await stack.pinflow('emulate', '--count', String(count), '--rate', '400', '--seed', seed, '--shape', 'pin', '--quiet');
  assert.equal(emulated.code, 0, emulated.stderr);
  await settled(count * 2);
  assert.deepEqual(await metrics(), beforehand);
  const [account] = await stack.postgres.query<{ applied: number }>(`SELECT sum(applied)::int AS applied FROM pinflow.stream_batch`);
  const [identities] = await stack.postgres.query<{ n: number }>(`SELECT count(*)::int AS n FROM experimental_data`);
  assert.equal(account?.applied, identities?.n, 'each identity was applied once, everything else was unchanged or superseded');
});

test('all three kinds flow through the topics route, and the joined mart knows the years', async () => {
  const emulated = await stack.pinflow('emulate', '--count', '60', '--rate', '100', '--seed', '9', '--shape', 'topics', '--quiet');
  assert.equal(emulated.code, 0, emulated.stderr);
  await settled(count * 2 + 180);
  const [sizes] = await stack.postgres.query<{ geo: number; users: number }>(
    `SELECT (SELECT count(*)::int FROM geo) AS geo, (SELECT count(*)::int FROM users) AS users`,
  );
  assert.ok(sizes !== undefined && sizes.geo > 50 && sizes.users > 50);
  const years = await stack.postgres.query(`SELECT post_year FROM marts.popular_category_per_year`);
  assert.ok(years.length > 0);
  assert.deepEqual(await stack.sql(`SELECT count(*) AS n FROM geo`), [{ n: sizes.geo }]);
});

test('status names the endpoints and shows no lag when everything has settled', async () => {
  type Status = { endpoints: Record<string, unknown>; stream: { lagRecords: number }; landing: { lagRecords: number } };
  const { stdout } = await waitFor(
    async () => {
      const look = await stack.pinflow('status', '--json');
      // On a busy machine a server may be slow to answer the look, which is told and passes.
      return look.code === 0 ? look : undefined;
    },
    { what: 'a look that finds all well' },
  );
  const status = JSON.parse(stdout) as Status;
  for (const name of ['api', 'temporal', 'temporalUi', 'kafka', 's3', 'postgres', 'bucket'])
    assert.ok(status.endpoints[name], `endpoint ${name}`);
  assert.deepEqual([status.stream.lagRecords, status.landing.lagRecords], [0, 0]);
});

test('tctl triggers the last closed interval again, which changes nothing', async () => {
  const generations = await stack.postgres.query(`SELECT id FROM pinflow.generation ORDER BY id`);
  const before = await stack.manualRuns();
  const [asked] = await stack.postgres.query<{ at: Date }>('SELECT now() AS at');
  const triggered = await stack.tctl('schedule', 'trigger', '--schedule_id', 'pin-batch');
  assert.equal(triggered.code, 0, triggered.stderr);
  assert.match(triggered.stdout, /Trigger request sent/);
  await waitFor(async () => (await stack.manualRuns()) > before, {
    what: 'a completed tick that the schedule did not start',
  });
  // The tick only starts it. That interval held nothing, so nothing but this runs it.
  const ranSince = `SELECT FROM pinflow.interval WHERE run_id IS NOT NULL AND records = 0 AND state = 'complete' AND updated_at > $1`;
  await waitFor(async () => (await stack.postgres.query(ranSince, [asked?.at])).length > 0, {
    what: 'the run of the last closed interval to end',
  });
  assert.deepEqual(await stack.postgres.query(`SELECT id FROM pinflow.generation ORDER BY id`), generations);
});

/** Waits until both readers moved beyond where Kafka's end was when this was called. */
async function resumed(what: string): Promise<number> {
  const startedAt = Date.now();
  const target = await stack.inKafka();
  await waitFor(async () => (await stack.streamed()) > target && (await stack.landed()) > target, {
    what: `both readers beyond ${target} records after ${what}`,
  });
  return Date.now() - startedAt;
}

const kills = isLongForm ? [1, 2, 3] : [1];

test('the worker is killed, and then Kafka, while events flow', async (t) => {
  const emulator = stack.pinflowUntilStopped('emulate', '--rate', '100', '--seed', '11', '--shape', 'pin', '--quiet');
  t.after(() => emulator.stop());
  const identitiesBefore = (await stack.postgres.query('SELECT 1 FROM experimental_data')).length;
  const streamedBefore = await stack.streamed();
  await waitFor(async () => (await stack.streamed()) > streamedBefore + 100, { what: 'the first records' });
  for (const round of kills) {
    stack.killHard('worker');
    t.diagnostic(`worker, round ${round}: both readers moved on after ${await resumed(`kill -9 of the worker, round ${round}`)} ms`);
  }
  stack.killHard('kafka');
  await waitFor(
    () =>
      stack.inKafka().then(
        () => true,
        () => false,
      ),
    { what: 'Kafka after kill -9' },
  );
  t.diagnostic(`kafka: both readers moved on after ${await resumed('kill -9 of Kafka')} ms`);
  const summary = await emulator.stop();
  assert.equal(summary.code, 0, summary.stderr);

  // The final quiet phase: everything that is in the log must come out on both sides, once.
  // Asked anew each time: what was in flight at the door when the emulator ended may come after it.
  await waitFor(
    async () => {
      const inKafka = await stack.inKafka();
      return (await stack.streamed()) === inKafka && (await stack.published()) === inKafka;
    },
    { what: 'stream and published intervals at the end of the log' },
  );
  const records = await stack.inKafka();

  const [account] = await stack.postgres.query<{ records: number; distinct: number }>(
    `SELECT sum(last_offset - first_offset + 1)::int AS records, sum(applied + superseded + unchanged + rejected + dead)::int AS distinct FROM pinflow.stream_batch`,
  );
  assert.deepEqual(account, { records, distinct: records });
  const [gaps] = await stack.postgres.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (
       SELECT first_offset, lag(last_offset) OVER (PARTITION BY topic, partition ORDER BY first_offset) AS before FROM pinflow.landing_range
       UNION ALL
       SELECT first_offset, lag(last_offset) OVER (PARTITION BY topic, partition ORDER BY first_offset) FROM pinflow.stream_batch
     ) ranges WHERE first_offset <> coalesce(before + 1, 0)`,
  );
  assert.equal(gaps?.n, 0, 'ranges of both readers are contiguous');
  const sink = await stack.postgres.query<{ unique_id: string }>('SELECT unique_id FROM experimental_data ORDER BY unique_id COLLATE "C"');
  assert.deepEqual(await stack.sql('SELECT unique_id FROM pins ORDER BY 1'), sink);
  assert.ok(sink.length > identitiesBefore + 100, `${sink.length} identities`);
  const [windows] = await stack.postgres.query<{ n: number }>('SELECT sum(pins)::int AS n FROM metrics.category_per_minute');
  assert.equal(windows?.n, sink.length, 'each identity counts in one window');
  const [profiles] = await stack.postgres.query<{ n: number; expected: number }>(
    `SELECT (SELECT sum(posts)::int FROM metrics.profile_popularity) AS n, (SELECT count(*)::int FROM experimental_data WHERE poster_name IS NOT NULL) AS expected`,
  );
  assert.equal(profiles?.n, profiles?.expected, 'each identity with a poster counts in one profile');
});
