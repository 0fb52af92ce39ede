import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { ApiKey } from '#keys/keys-table.ts';
import { hashOf } from '#keys/secrets.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { environmentOf } from '#test/api/start-api.ts';
import type { CliResult } from '#test/cli/run-cli.ts';
import { runCli } from '#test/cli/run-cli.ts';
import { testConfig } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const config = await testConfig();
const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 2 });
after(() => postgres.close());
const keys = (...args: string[]): Promise<CliResult> => runCli('cli/pinflow.ts', ['keys', ...args], environmentOf(config));
const create = async (...args: string[]): Promise<ApiKey & { key: string }> => {
  const { code, stdout, stderr } = await keys('create', '--json', ...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as ApiKey & { key: string };
};
const list = async (...args: string[]): Promise<ApiKey[]> =>
  (JSON.parse((await keys('list', '--json', ...args)).stdout) as { keys: ApiKey[] }).keys;

test('before the set-up one sentence says what to run', async () => {
  const { code, stderr } = await keys('list');
  assert.deepEqual({ code, stderr }, { code: 1, stderr: 'pinflow: The database has no table of keys yet: run node workers/setup.ts.\n' });
  await migrate(postgres);
});

describe('create', () => {
  test('prints the key alone on stdout, and keeps its hash only', async () => {
    const { code, stdout, stderr } = await keys('create', '--name', 'plain', '--scope', 'append:pin');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^pfk_[a-z0-9]{8}_[\w-]{43}\n$/);
    const key = stdout.trim();
    const [, id] = key.split('_');
    assert.match(stderr, new RegExp(`^Key ${id} of plain may: append:pin\\. It is shown this once`));
    const rows = await postgres.query('SELECT * FROM pinflow.api_key WHERE id = $1', [id]);
    assert.equal(rows[0]!['sha256'], hashOf(key));
    assert.ok(!JSON.stringify(rows).includes(key.split('_').slice(2).join('_')));
  });

  test('--json tells all, with limits and expiry', async () => {
    const before = Date.now();
    const { key, ...apiKey } = await create(
      '--name',
      'all',
      '--scope',
      'operate, append:geo,read,read',
      '--events-per-second',
      '5',
      '--bytes-per-second',
      '0',
      '--expires',
      '90d',
    );
    assert.match(key, new RegExp(`^pfk_${apiKey.id}_`));
    const { id: _id, createdAt: _createdAt, expiresAt, ...rest } = apiKey;
    assert.deepEqual(rest, {
      name: 'all',
      scopes: ['append:geo', 'read', 'operate'],
      eventsPerSecond: 5,
      bytesPerSecond: 0,
      state: 'valid',
      revokedAt: null,
      lastUsedAt: null,
    });
    const days = (new Date(expiresAt!).getTime() - before) / 86_400_000;
    assert.ok(Math.abs(days - 90) < 0.01, String(days));
  });

  test('--dry-run makes nothing', async () => {
    const { code, stdout } = await keys('create', '--name', 'dry', '--scope', 'read', '--dry-run');
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'Would make a key dry that may: read.\n' });
    assert.ok(!(await list('--all')).some(({ name }) => name === 'dry'));
  });

  test('a third valid key of a name is refused with the ids, until one is revoked', async () => {
    const first = await create('--name', 'twice', '--scope', 'read');
    const second = await create('--name', 'twice', '--scope', 'read');
    for (const more of [[], ['--dry-run']]) {
      const { code, stdout, stderr } = await keys('create', '--name', 'twice', '--scope', 'read', ...more);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.equal(
        stderr,
        `pinflow: The name twice has 2 valid keys already (${first.id} and ${second.id}): revoke one first, npx pinflow keys revoke ${first.id}, or take another name.\n`,
      );
    }
    assert.equal((await keys('revoke', first.id)).code, 0);
    await create('--name', 'twice', '--scope', 'read');
  });

  for (const [args, problem] of [
    [
      ['--name', 'x', '--scope', 'append:pins'],
      /^pinflow: --scope: "append:pins" is no scope; known are append:pin, append:geo, append:user, read, operate\n$/,
    ],
    [['--name', 'x', '--scope', ''], /^pinflow: --scope: "" is no scope/],
    [['--name', 'two words', '--scope', 'read'], /^pinflow: --name: must be 1 to 63 letters/],
    [['--name', 'x', '--scope', 'read', '--expires', '1y'], /^pinflow: --expires: must be a span such as 90d/],
    [['--name', 'x', '--scope', 'read', '--expires', '4000d'], /^pinflow: --expires: must be a span/],
    [['--name', 'x', '--scope', 'read', '--events-per-second', '-1'], /Expected a whole number from 0/],
    [['--name', 'x'], /required option '--scope <scopes>' not specified/],
  ] as [string[], RegExp][])
    test(`wrong usage: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await keys('create', ...args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, problem);
    });
});

describe('list', () => {
  test('shows valid keys as a table, and all of them where asked', async () => {
    const { id } = await create('--name', 'gone', '--scope', 'read');
    await keys('revoke', id);
    assert.ok(!(await list()).some((key) => key.id === id));
    assert.equal((await list('--all')).find((key) => key.id === id)?.state, 'revoked');
    const { stdout } = await keys('list', '--all');
    assert.match(stdout, /^id +name +state +scopes +events\/s +bytes\/s +expires +last used$/m);
    assert.match(stdout, new RegExp(`^${id} +gone +revoked +read +default +default +never +never$`, 'm'));
    assert.doesNotMatch(stdout, /[0-9a-f]{64}/);
  });
});

describe('revoke', () => {
  test('says what it did, and twice is no error', async () => {
    const { id } = await create('--name', 'once', '--scope', 'read');
    const said = async (...args: string[]): Promise<string> => {
      const { code, stdout } = await keys('revoke', id, ...args);
      assert.equal(code, 0);
      return stdout;
    };
    assert.equal(await said('--dry-run'), `Would revoke key ${id} of once, which is valid.\n`);
    assert.equal((await list()).filter((key) => key.id === id).length, 1);
    assert.equal(await said(), `Revoked key ${id} of once: running APIs refuse it within 3 s.\n`);
    assert.match(await said(), new RegExp(`^Key ${id} of once was revoked before, at \\d{4}-`));
    assert.equal((JSON.parse(await said('--json')) as ApiKey).state, 'revoked');
  });

  test('an unknown id is a failure that says where to look', async () => {
    const { code, stderr } = await keys('revoke', 'nobody');
    assert.deepEqual(
      { code, stderr },
      { code: 1, stderr: 'pinflow: No key has this id: npx pinflow keys list --all shows all there are.\n' },
    );
  });
});
