import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makePostgres } from '#adapters/postgres.ts';
import { createKey } from '#keys/create-key.ts';
import { startProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { openDoor } from '#test/api/open-door.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/** A door whose way to Postgres can be cut. */
async function openCuttableDoor() {
  const { postgresUrl: direct } = await testConfig();
  const url = new URL(direct);
  const proxy = await startProxy(`${url.hostname}:${url.port}`);
  url.host = `127.0.0.1:${proxy.port}`;
  await proxy.goDown();
  const door = await openDoor({ apiKeys: 'required', postgresUrl: url.href });
  const postgres = makePostgres({ url: direct, applicationName: 'pinflow-test', connectionsMax: 2 });
  await migrate(postgres);
  return {
    door,
    proxy,
    postgres,
    post: (key: string): Promise<Response> =>
      door.post('/pin/', JSON.stringify(pin()), 'application/json', { Authorization: `Bearer ${key}` }),
    async close() {
      await door.close();
      await postgres.close();
      await proxy.close();
    },
  };
}

describe('while Postgres is away', () => {
  test('nobody is let in before keys were read; those read stay valid, also for logins of before', async () => {
    const cuttable = await openCuttableDoor();
    const { door, proxy, postgres, post } = cuttable;
    try {
      const { key } = await createKey(postgres, { name: 'a', scopes: ['append:pin', 'read', 'operate'] });
      const early = await post(key);
      assert.equal(early.status, 503);
      assert.equal(early.headers.get('retry-after'), '1');
      assert.match(await early.text(), /keys cannot be read/);
      assert.equal((await door.post('/pin/', '{}')).status, 401, 'without a key there is nothing to look for');
      const unready = await fetch(`${door.url}/readyz`);
      assert.equal(unready.status, 503);
      assert.match(await unready.text(), /keys could not be read/);

      await proxy.comeBack();
      await waitFor(async () => (await post(key)).status === 200, { what: 'the keys to be read' });
      assert.equal((await fetch(`${door.url}/readyz`)).status, 200);
      const login = (): Promise<Response> =>
        fetch(`${door.url}/login`, { method: 'POST', body: new URLSearchParams({ key }), redirect: 'manual' });
      const cookie = (await login()).headers.get('set-cookie')!.split(';')[0]!;

      await proxy.goDown();
      assert.equal((await post(key)).status, 200);
      const other = `pfk_zzzzzzzz_${'A'.repeat(43)}`;
      assert.equal((await post(other)).status, 401);
      assert.equal((await fetch(`${door.url}/metrics`, { headers: { cookie } })).status, 200);
      assert.equal((await fetch(`${door.url}/api/keys`, { headers: { cookie } })).status, 503);
      const away = await login();
      assert.equal(away.status, 503);
      assert.match(await away.text(), /Postgres does not answer/);

      await proxy.comeBack();
      const next = await createKey(postgres, { name: 'b', scopes: ['append:pin'] });
      await waitFor(async () => (await post(next.key)).status === 200, { what: 'the new key to be known' });
    } finally {
      await cuttable.close();
    }
  });
});
