import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { testConfig } from '#test/support/servers.ts';
import { assertMigrated, migrate } from '#workers/migrate.ts';

const folder = new URL('../../workers/migrations/', import.meta.url);

let postgres: Postgres;
before(async () => {
  postgres = makePostgres({ url: (await testConfig()).postgresUrl, applicationName: 'pinflow-test' });
});
after(() => postgres.close());

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
