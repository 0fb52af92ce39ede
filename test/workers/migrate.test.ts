import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { ensureMetricTables } from '#setup/metric-tables.ts';
import { testConfig } from '#test/support/servers.ts';
import { assertMigrated, migrate } from '#workers/migrate.ts';

const folder = new URL('../../workers/migrations/', import.meta.url);

let postgres: Postgres;
beforeEach(async () => {
  postgres = makePostgres({ url: (await testConfig()).postgresUrl, applicationName: 'pinflow-test' });
});
afterEach(() => postgres.close());

/** The database as code of before later migrations left it. */
async function migrateTo(last: string): Promise<void> {
  await postgres.query('CREATE SCHEMA pinflow');
  await postgres.query(
    'CREATE TABLE pinflow.migration (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const names = readdirSync(folder).sort();
  for (const name of names.slice(0, names.indexOf(last) + 1)) {
    const sql = readFileSync(new URL(name, folder), 'utf8');
    await postgres.query(sql);
    const sha256 = createHash('sha256').update(sql).digest('hex');
    await postgres.query(`INSERT INTO pinflow.migration (number, name, sha256) VALUES ($1, $2, $3)`, [
      Number(name.slice(0, 4)),
      name,
      sha256,
    ]);
  }
}

test('where readers stand is kept when the table of their offsets becomes that of their checkpoints', async () => {
  await migrateTo('0013-gaps-of-days.sql');
  await postgres.execute(
    `INSERT INTO pinflow.position (reader, topic, partition, epoch, owner, next_offset, last_append_time, last_offset, gap_offsets, last_gap, deaths)
     VALUES ('stream', 't', 3, 7, 'slot 1', 42, '2026-01-01T00:00:00Z', 40, 1, '[41,42)', 1)`,
  );
  const before = await postgres.query('SELECT * FROM pinflow.position');
  await assert.rejects(assertMigrated(postgres), { kind: 'not_ready' });
  assert.ok((await migrate(postgres)).includes('0014-checkpoint.sql'));
  assert.deepEqual(await postgres.query('SELECT * FROM pinflow.checkpoint'), before);
  assert.deepEqual(await migrate(postgres), [], 'once is enough');
  await assertMigrated(postgres);
});

test('metrics answer the same when the set-up takes their tables over', async () => {
  await migrateTo('0014-checkpoint.sql');
  // Three posters in two partitions; the tables as that version kept them: a key '' for none, and rows that corrections emptied.
  await postgres.execute(
    `INSERT INTO public.experimental_data (unique_id, poster_name, follower_count, category, topic, partition, "offset", append_time, first_topic, first_partition, first_offset, first_append_time)
     SELECT 'pin ' || i, CASE WHEN i % 4 <> 3 THEN 'poster ' || i % 4 END, CASE WHEN i % 5 <> 0 THEN i END, CASE WHEN i % 3 <> 0 THEN 'c' || i % 3 END,
       't', i % 2, i + 100, at + interval '1 hour', 't', i % 2, i, at
     FROM generate_series(1, 40) AS i, LATERAL (SELECT timestamptz '2026-01-01T12:00:00Z' + i * interval '20 s' AS at) AS times`,
  );
  await postgres.execute(
    `INSERT INTO metrics.window_count (metric, window_start, key, topic, partition, count)
     SELECT 'category_per_minute', date_trunc('minute', first_append_time, 'UTC'), coalesce(category, ''), first_topic, first_partition, count(*)
     FROM public.experimental_data GROUP BY 2, 3, 4, 5
     UNION ALL SELECT 'category_per_minute', '2026-01-01T11:00:00Z', 'gone', 't', 0, 0`,
  );
  await postgres.execute(
    `INSERT INTO metrics.profile (poster_name, topic, partition, posts, follower_count, position_append_time, position_offset)
     SELECT e.poster_name, e.first_topic, e.first_partition, count(*), last.follower_count, last.first_append_time, last.first_offset
     FROM public.experimental_data e LEFT JOIN LATERAL (
       SELECT * FROM public.experimental_data l
       WHERE (l.poster_name, l.first_partition) = (e.poster_name, e.first_partition) AND l.follower_count IS NOT NULL ORDER BY l.first_offset DESC LIMIT 1
     ) AS last ON true
     WHERE e.poster_name IS NOT NULL GROUP BY 1, 2, 3, 5, 6, 7
     UNION ALL SELECT 'gone', 't', 0, 0, NULL, NULL, NULL`,
  );
  await postgres.execute(`INSERT INTO marts.pins_per_category VALUES ('art', 2), (NULL, 1)`);
  const answers = async (): Promise<unknown[]> => [
    await postgres.query('SELECT window_start, category, pins FROM metrics.category_per_minute ORDER BY 1, 2'),
    await postgres.query('SELECT * FROM metrics.profile_popularity ORDER BY poster_name'),
    await postgres.query('SELECT * FROM marts.pins_per_category ORDER BY 1'),
  ];
  const before = await answers();
  assert.deepEqual(
    before.map((rows) => (rows as unknown[]).length > 1),
    [true, true, true],
  );
  await migrate(postgres);
  const done = await ensureMetricTables(postgres);
  assert.ok(
    done.every((what) => what.startsWith('table metrics.')),
    'marts stay as they stand',
  );
  assert.deepEqual(await answers(), before);
});
