import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { cleanUpCounted } from '#test/activities/cleanup/rows.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

let config: Config;
let postgres: Postgres;
before(async () => {
  config = await testConfig({ retentionStreamBatchDays: 2 });
  postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
});
after(() => postgres.close());
beforeEach(async () => {
  await postgres.execute('TRUNCATE pinflow.stream_batch, pinflow.stream_day, pinflow.checkpoint');
  // 500 batches of ten offsets in each of two partitions, an hour apart, the newest now. Every third holds two gaps of Kafka's own.
  await postgres.execute(
    `INSERT INTO pinflow.stream_batch (topic, partition, first_offset, last_offset, epoch, applied, superseded, unchanged, rejected, dead, gaps, committed_at)
     SELECT 't', p, 10 * i, 10 * i + 9, 1, 5, CASE WHEN i % 3 = 0 THEN 0 ELSE 2 END, CASE WHEN i % 3 = 0 THEN 0 ELSE 1 END, 1, 1,
       CASE WHEN i % 3 = 0 THEN int8multirange(int8range(10 * i, 10 * i + 1), int8range(10 * i + 4, 10 * i + 6)) ELSE '{}' END,
       now() - make_interval(hours => 499 - i) FROM generate_series(0, 1) p, generate_series(0, 499) i`,
  );
  await postgres.execute(
    `INSERT INTO pinflow.checkpoint (reader, topic, partition, next_offset) SELECT 'stream', 't', p, 5000 FROM generate_series(0, 1) p`,
  );
});

/** What an account of a partition must say: its ranges follow each other without a hole, and each adds up. */
async function account(partition: number): Promise<Record<'from' | 'to' | 'holes' | 'wrong' | 'applied' | 'gaps', number>> {
  const [row] = await postgres.query<Awaited<ReturnType<typeof account>>>(
    `WITH ranges AS (
       SELECT first_offset, last_offset, applied, superseded + unchanged + rejected + dead AS others, gap_offsets FROM pinflow.stream_day WHERE partition = $1
       UNION ALL
       SELECT first_offset, last_offset, applied, superseded + unchanged + rejected + dead,
         (SELECT coalesce(sum(upper(gap) - lower(gap)), 0) FROM unnest(gaps) gap) FROM pinflow.stream_batch WHERE partition = $1
     ), ordered AS (SELECT *, lag(last_offset) OVER (ORDER BY first_offset) AS before FROM ranges)
     SELECT min(first_offset) AS from, max(last_offset) AS to, count(*) FILTER (WHERE before + 1 <> first_offset) AS holes,
       count(*) FILTER (WHERE applied + others + gap_offsets IS DISTINCT FROM last_offset - first_offset + 1) AS wrong,
       sum(applied)::bigint AS applied, sum(gap_offsets)::bigint AS gaps
     FROM ordered`,
    [partition],
  );
  return row!;
}
const whole = { from: 0, to: 4_999, holes: 0, wrong: 0, applied: 2_500, gaps: 167 * 3 };
const rows = async (table: string): Promise<number> =>
  (await postgres.query<{ n: number }>(`SELECT count(*) AS n FROM pinflow.${table}`))[0]!.n;

test('batches out of retention become sums of their day, in small steps, and the account still adds up', async () => {
  const swept = await cleanUpCounted({ config, postgres }, 'stream_batch');
  // Of each partition the last 48 hours stay: rows are an hour apart.
  assert.deepEqual(swept, { removed: 2 * 452, isDone: true, steps: 2 * 5 });
  assert.equal(await rows('stream_batch'), 2 * 48);
  for (const partition of [0, 1]) assert.deepEqual(await account(partition), whole);
  assert.ok((await rows('stream_day')) <= 2 * 20);
  assert.equal((await cleanUpCounted({ config, postgres }, 'stream_batch')).removed, 0);
});

test('two at once count each batch once', async () => {
  const all = await Promise.all([1, 2].map(() => cleanUpCounted({ config, postgres }, 'stream_batch', { rowsMax: 7 })));
  const rest = await cleanUpCounted({ config, postgres }, 'stream_batch');
  assert.equal(all[0]!.removed + all[1]!.removed + rest.removed, 2 * 452);
  for (const partition of [0, 1]) assert.deepEqual(await account(partition), whole);
});

test('a call that ends in between leaves an account that adds up', async () => {
  for (let call = 0; call < 4; call++) {
    await cleanUpCounted({ config, postgres }, 'stream_batch', { rowsMax: 90, budgetMs: 0 });
    for (const partition of [0, 1]) assert.deepEqual(await account(partition), whole);
  }
});
