import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Stack } from '#test/support/stack.ts';
import { startStack } from '#test/support/stack.ts';
import { isLongForm } from '#test/support/long-form.ts';
import { waitFor } from '#test/support/servers.ts';

/**
 * kill -9 while events flow: work resumes, and in the end nothing is lost or doubled. How soon is measured by
 * `npm run bench -- recovery`.
 */
let stack: Stack;
before(async () => {
  stack = await startStack({ BATCH_INTERVAL_MS: '5000', LANDING_FLUSH_MS: '500' });
});
after(() => stack.stop());

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
  await waitFor(async () => (await stack.streamed()) > 100, { what: 'the first records' });
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
  assert.ok(sink.length > 100);
  const [windows] = await stack.postgres.query<{ n: number }>('SELECT sum(pins)::int AS n FROM metrics.category_per_minute');
  assert.equal(windows?.n, sink.length, 'each identity counts in one window');
  const [profiles] = await stack.postgres.query<{ n: number; expected: number }>(
    `SELECT (SELECT sum(posts)::int FROM metrics.profile_popularity) AS n, (SELECT count(*)::int FROM experimental_data WHERE poster_name IS NOT NULL) AS expected`,
  );
  assert.equal(profiles?.n, profiles?.expected, 'each identity with a poster counts in one profile');
});
