import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeAckSweep } from '#activities/cleanup/expire-acks.ts';
import { makeOutcomeSweep } from '#activities/cleanup/expire-outcomes.ts';
import { makeRefusalSweep } from '#activities/cleanup/expire-refusals.ts';
import { makeBatchFold } from '#activities/cleanup/fold-stream-batches.ts';
import { makeAckMerge } from '#activities/cleanup/merge-acks.ts';
import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/** Rows of each table, all old; a step takes few of them. */
const rows = 20_000;
const perStep = 100;
const keepMs = 3_600_000;
const partition = { topic: 't', partition: 0, storedTo: Number.MAX_SAFE_INTEGER };
let postgres: Postgres;

before(async () => {
  postgres = makePostgres({ url: (await testConfig()).postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
  const old = `now() - interval '1 day' + i * interval '1 ms' FROM generate_series(1, ${rows}) i`;
  await postgres.execute(
    `INSERT INTO pinflow.idempotency (key_id, route, key, hash, event_id, created_at) SELECT 'k', 'pin', i::text, '\\x00', '', ${old}`,
  );
  await postgres.execute(
    `INSERT INTO pinflow.door_refusal (route, status, reason, key_id, source, kind, count, last_at, last_request_id, last_message, last_client, minute)
     SELECT 'pin', 422, 'r', '', i::text, '', 1, now(), '', '', '', ${old}`,
  );
  await postgres.execute(
    `INSERT INTO pinflow.stream_batch (topic, partition, first_offset, last_offset, epoch, applied, superseded, unchanged, rejected, dead, committed_at)
     SELECT 't', 0, i, i, 1, 1, 0, 0, 0, 0, ${old}`,
  );
  // Gaps: nothing merges, all rows stay to be looked at.
  await postgres.execute(
    `INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset, merged, flushed_at)
     SELECT 'a', 't', i % 2, 2 * i, 2 * i, i % 2 = 0, ${old}`,
  );
  await postgres.execute('VACUUM ANALYZE');
});
after(() => postgres.close());

const steps: Record<string, { table: string; make: (statements: Statements, alone: Postgres) => Sweep }> = {
  'deleting outcomes': { table: 'idempotency', make: (statements) => makeOutcomeSweep(statements, keepMs) },
  'deleting refusals': { table: 'door_refusal', make: (statements) => makeRefusalSweep(statements, keepMs) },
  'folding batches': { table: 'stream_batch', make: (statements) => makeBatchFold(statements, partition, keepMs) },
  'merging acked ranges': { table: 'door_ack', make: (_, alone) => makeAckMerge(alone, 60_000) },
  'deleting acked ranges': { table: 'door_ack', make: (_, alone) => makeAckSweep(alone, partition, keepMs) },
};
for (const [name, { table, make }] of Object.entries(steps)) {
  test(`${name}: a step reads no more of the table than it takes, however much there is`, async () => {
    const read = await postgres.transaction(async (statements) => {
      await make(statements, { ...postgres, transaction: (work) => work(statements) })(perStep);
      const [counted] = await statements.query<{ scanned: number; fetched: number }>(
        `SELECT seq_tup_read AS scanned, idx_tup_fetch AS fetched FROM pg_stat_xact_user_tables WHERE schemaname = 'pinflow' AND relname = $1`,
        [table],
      );
      return counted!;
    });
    assert.equal(read.scanned, 0, 'the whole table was read');
    assert.ok(read.fetched <= 6 * perStep, `${read.fetched} rows were looked at for ${perStep}`);
  });
}
