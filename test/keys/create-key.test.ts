import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createKey } from '#keys/create-key.ts';
import { readValidKeys, writeLastUses } from '#keys/read-valid-keys.ts';
import { revokeKey } from '#keys/revoke-key.ts';
import { hashOf, isSecret } from '#keys/secrets.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { failureKindOf } from '#domain/failures.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const { postgresUrl } = await testConfig();
const postgres = makePostgres({ url: postgresUrl, applicationName: 'pinflow-test' });
after(() => postgres.close());
await migrate(postgres);

test('of many at once two get a key of the same name, and one more after one was revoked or expired', async () => {
  const wanted = { name: 'same', scopes: ['read' as const] };
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => createKey(postgres, wanted)));
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(made.length, 2);
  for (const result of results) if (result.status === 'rejected') assert.equal(failureKindOf(result.reason), 'exists');

  await revokeKey(postgres, made[0]!.apiKey.id);
  await createKey(postgres, wanted);
  await postgres.execute(`UPDATE pinflow.api_key SET expires_at = now() WHERE id = $1`, [made[1]!.apiKey.id]);
  const last = await createKey(postgres, wanted);
  assert.ok(isSecret(last.key));

  const { keys, counts } = await readValidKeys(postgres);
  assert.deepEqual(counts, { valid: 2, expired: 1, revoked: 1 });
  assert.ok(keys.some(({ id, sha256 }) => id === last.apiKey.id && sha256 === hashOf(last.key)));
});

test('the last use goes forward only, whichever process writes last', async () => {
  const { apiKey } = await createKey(postgres, { name: 'used', scopes: ['read'] });
  const read = async (): Promise<number | undefined> => {
    const [row] = await postgres.query<{ last_used_at: Date }>('SELECT last_used_at FROM pinflow.api_key WHERE id = $1', [apiKey.id]);
    return row?.last_used_at.getTime();
  };
  for (const at of [2_000, 1_000, 3_000])
    await writeLastUses(
      postgres,
      new Map([
        [apiKey.id, at],
        ['nobody', at],
      ]),
    );
  assert.equal(await read(), 3_000);
  await writeLastUses(postgres, new Map([[apiKey.id, 1_000]]));
  assert.equal(await read(), 3_000);
});
