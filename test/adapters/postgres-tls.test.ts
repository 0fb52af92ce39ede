import assert from 'node:assert/strict';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createDatabase } from '#setup/create-database.ts';
import { callerEnvironment, loadConfig } from '#adapters/config.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { FailureKind } from '#domain/failures.ts';
import { findFreePorts } from '#stack/free-ports.ts';
import { chooseIdentity } from '#stack/servers/postgres-identity.ts';
import { makePostgresServer, postgresDatabases, postgresUser } from '#stack/servers/postgres.ts';
import { postgresFolder } from '#stack/tools/postgres-tool.ts';
import type { Authority } from '#test/support/certificates.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { startOwnServer } from '#test/support/own-server.ts';
import { testConfig } from '#test/support/servers.ts';
import { makeTestHome } from '#test/support/stack-home.ts';

const password = 'päss w@rd/with=signs';
const certificateUser = 'with_certificate';

/** A Postgres as hosted ones are: scram-sha-256 over TLS only, and one user who needs a client certificate besides. */
describe('a Postgres that wants TLS', () => {
  const home = makeTestHome();
  let authority: Authority;
  let port = 0;
  let stop: () => Promise<void>;

  before(async () => {
    // Postgres may run as another user, who has to reach the files.
    chmodSync(home.path, 0o755);
    const environment = callerEnvironment();
    const folder = postgresFolder();
    const identity = await chooseIdentity(join(folder, 'bin', 'postgres'), home.path, environment);
    authority = makeAuthority(home.at('certificates'), 'postgres-authority');
    const { certFile, keyFile } = authority.issue('database', ['127.0.0.1']);
    chownSync(keyFile, identity.owner.uid, identity.owner.gid);
    const hbaFile = home.at('config', 'pg_hba.conf');
    // The first line is for the stack's own look at whether it is ready, which speaks no TLS.
    writeFileSync(
      hbaFile,
      `host ${postgresDatabases.main} ${postgresUser} 127.0.0.1/32 scram-sha-256
hostssl all ${certificateUser} 127.0.0.1/32 scram-sha-256 clientcert=verify-full
hostssl all all 127.0.0.1/32 scram-sha-256
`,
    );
    [port = 0] = await findFreePorts(1);
    const flags = { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile, ssl_ca_file: authority.caFile, hba_file: hbaFile };
    const server = makePostgresServer(home, { postgres: port }, { postgresPassword: password }, folder, identity, environment, flags);
    ({ stop } = await startOwnServer(home, server));
    await ask(urlOf(trusting()), `CREATE ROLE ${certificateUser} LOGIN PASSWORD '${password}'`);
  });
  after(() => stop());

  type Parts = { host?: string; user?: string; secret?: string; database?: string };
  const urlOf = (query: string, { host = '127.0.0.1', user = postgresUser, secret = password, database }: Parts = {}): string =>
    `postgres://${user}:${encodeURIComponent(secret)}@${host}:${port}/${database ?? postgresDatabases.source}${query}`;
  const trusting = (mode = 'verify-full'): string => `?sslmode=${mode}&sslrootcert=${authority.caFile}`;

  async function ask(url: string, sql = 'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'): Promise<object[]> {
    const postgres = makePostgres({ url, applicationName: 'pinflow-test', connectionsMax: 1 });
    try {
      return await postgres.query(sql);
    } finally {
      await postgres.close();
    }
  }

  const encrypted = [{ ssl: true, version: 'TLSv1.3' }];

  for (const mode of ['verify-full', 'verify-ca', 'require', 'prefer']) {
    test(`sslmode=${mode} encrypts and verifies, without a warning`, async (t) => {
      const warnings = t.mock.method(process, 'emitWarning', () => undefined);
      assert.deepEqual(await ask(urlOf(trusting(mode))), encrypted);
      await assert.rejects(ask(urlOf(`?sslmode=${mode}`)), { kind: 'configuration', message: /not trusted .* in sslrootcert of its URL/ });
      assert.equal(warnings.mock.callCount(), 0);
    });
  }

  test('an authority alone is enough', async () => {
    assert.deepEqual(await ask(urlOf(`?sslrootcert=${authority.caFile}`)), encrypted);
  });

  test('sslmode=no-verify encrypts only', async () => {
    assert.deepEqual(await ask(urlOf('?sslmode=no-verify')), encrypted);
  });

  test('a client certificate is shown', async () => {
    const { certFile, keyFile } = authority.issue(certificateUser);
    const user = { user: certificateUser };
    assert.deepEqual(await ask(urlOf(`${trusting()}&sslcert=${certFile}&sslkey=${keyFile}`, user)), encrypted);
    await assert.rejects(ask(urlOf(trusting(), user)), { kind: 'denied', message: /valid client certificate/ });
  });

  const keptOut: [string, () => string, FailureKind, RegExp][] = [
    ['no TLS', () => urlOf(''), 'denied', /no encryption .*: it wants TLS, so add sslmode=verify-full to its URL/],
    ['TLS switched off', () => urlOf('?sslmode=disable'), 'denied', /it wants TLS/],
    [
      'a wrong password',
      () => urlOf(trusting(), { secret: 'nope' }),
      'denied',
      /password authentication failed .*: check user and password/,
    ],
    ['no password', () => urlOf(trusting(), { secret: '' }), 'denied', /asks for a password, and its URL has none/],
    [
      'a name that the certificate is not for',
      () => urlOf(trusting(), { host: 'localhost' }),
      'configuration',
      /certificate of Postgres is for another host \(Host: localhost/,
    ],
  ];
  for (const [what, url, kind, message] of keptOut) {
    test(`${what} is a failure that says what to check`, async () => {
      await assert.rejects(ask(url()), (error: Error & { kind?: string }) => {
        assert.equal(error.kind, kind);
        assert.match(error.message, message);
        assert.ok(!error.message.includes(password) && !error.message.includes('nope'));
        return true;
      });
    });
  }

  test('a server without TLS is one sentence', async () => {
    const { postgresUrl } = await testConfig();
    await assert.rejects(ask(`${postgresUrl}?sslmode=verify-full`), { kind: 'configuration', message: /Postgres does not offer TLS/ });
  });

  test('setting up makes the database over TLS, and transactions hold', async () => {
    const url = urlOf(trusting(), { database: 'made_over_tls' });
    assert.equal(await createDatabase(url), true);
    assert.equal(await createDatabase(url), false);
    const postgres = makePostgres({ url: loadConfig({ POSTGRES_URL: url }).postgresUrl, applicationName: 'pinflow-test' });
    await postgres.execute('CREATE TABLE kept (n int)');
    await postgres.transaction((statements) => statements.execute('INSERT INTO kept VALUES (1), (2)'));
    assert.deepEqual(await postgres.query('SELECT count(*) FROM kept'), [{ count: 2 }]);
    await postgres.close();
  });
});
