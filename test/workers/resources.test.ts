import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEnvironment, quietLog } from '#test/support/environment.ts';
import { openResources } from '#workers/resources.ts';

test('a worker that waits for a lock gives up before the wait counts as slowness, which would halve its batch', async (t) => {
  const environment = await openEnvironment();
  t.after(() => environment.close());
  const { config, postgres } = environment;
  const resources = await openResources(config, quietLog);
  t.after(() => resources.close());
  const bounds = await resources.postgres.query<{ name: string; ms: number }>(
    `SELECT name, setting::int AS ms FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout') ORDER BY name`,
  );
  const [lock, statement] = bounds.map(({ ms }) => ms);
  assert.ok(lock! > 0 && lock! < statement!, JSON.stringify(bounds));
  const held = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  const holding = postgres.transaction(async (statements) => {
    await statements.execute('LOCK TABLE experimental_data IN SHARE ROW EXCLUSIVE MODE');
    held.resolve();
    await free.promise;
  });
  await held.promise;
  const waiting = resources.postgres.transaction(async (statements) => {
    await statements.execute(`SET LOCAL lock_timeout = '50ms'`);
    await statements.execute('LOCK TABLE experimental_data IN ROW EXCLUSIVE MODE');
  });
  await assert.rejects(waiting, { kind: 'conflict' });
  free.resolve();
  await holding;
});
