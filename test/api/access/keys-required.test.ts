import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Config } from '#adapters/config.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { areKeysRequired } from '#api/access/keys-required.ts';
import { createKey } from '#keys/create-key.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import type { ApiProcess } from '#test/api/start-api.ts';
import { startApi } from '#test/api/start-api.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

describe('keys are required', () => {
  const hosts: [host: string, isReachedByOthers: boolean][] = [
    ['127.0.0.1', false],
    ['127.8.9.10', false],
    ['::1', false],
    ['0:0:0:0:0:0:0:1', false],
    ['localhost', false],
    ['LOCALHOST', false],
    ['0.0.0.0', true],
    ['::', true],
    ['10.0.0.1', true],
    ['128.0.0.1', true],
    ['::2', true],
    ['localhost.example', true],
    ['127.0.0.1.example', true],
    ['', true],
  ];
  for (const [apiHost, isReachedByOthers] of hosts)
    test(`at '${apiHost}' by auto: ${isReachedByOthers}`, () => {
      const at = (apiKeys: Config['apiKeys'], apiTrustedProxies: string[] = []): boolean =>
        areKeysRequired({ apiKeys, apiHost, apiTrustedProxies });
      assert.equal(at('auto'), isReachedByOthers);
      assert.equal(at('auto', ['127.0.0.1']), true, 'others reach it through a proxy');
      assert.equal(at('required'), true);
      assert.equal(at('local', ['127.0.0.1']), false);
      assert.equal(at('off', ['127.0.0.1']), false);
    });
});

describe('the process of the API', () => {
  const post = (api: ApiProcess, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${api.url}/pin/`, { method: 'POST', body: JSON.stringify(pin()), headers: { 'Content-Type': 'application/json', ...headers } });
  const stop = async (api: ApiProcess): Promise<void> => {
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
  };

  test('bound to more than this machine asks for keys, says how to make the first, and takes it in all its processes', async () => {
    const config = await testConfig();
    const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 2 });
    await migrate(postgres);
    const api = startApi(config, { API_HOST: '0.0.0.0', API_PROCESSES: '2' });
    await api.waitForLine('api ready');
    await waitFor(() => api.lines.find(({ msg }) => /^keys are required, and there is none: .*npx pinflow keys create/.test(msg)), {
      what: 'the advice',
    });
    assert.equal((await post(api)).status, 401);
    assert.equal((await fetch(`${api.url}/healthz`)).status, 200);

    const { key, apiKey } = await createKey(postgres, { name: 'first', scopes: ['append:pin', 'read'] });
    const answer = await fetch(`${api.url}/login`, { method: 'POST', body: new URLSearchParams({ key }), redirect: 'manual' });
    assert.equal(answer.status, 303, 'a key made a moment ago');
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
    // Each on a connection of its own, so that both processes are asked.
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await fetch(`${api.url}/api/keys`, { headers: { cookie, Connection: 'close' } })).status),
    );
    assert.deepEqual(new Set(statuses), new Set([200]), 'a session begun a moment ago');
    await waitFor(async () => (await post(api, { 'X-API-Key': key })).status === 200, { what: 'the key to be taken', timeoutMs: 3_000 });
    await stop(api);
    const [row] = await postgres.query<{ last_used_at: Date | null }>('SELECT last_used_at FROM pinflow.api_key WHERE id = $1', [
      apiKey.id,
    ]);
    assert.ok(row?.last_used_at !== null, 'the last use is written on the way out');
    await postgres.close();
  });

  test('warns where keys are waived and others can reach it', async () => {
    const api = startApi(await testConfig(), { API_HOST: '0.0.0.0', API_KEYS: 'off' });
    await api.waitForLine('api ready');
    assert.ok(api.lines.some(({ level, msg }) => level === 'warn' && /asks nobody for a key/.test(msg)));
    assert.equal((await post(api)).status, 200);
    await stop(api);
  });
});
