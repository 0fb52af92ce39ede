import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { lockMetricTables } from '#activities/ledger/metric-tables.ts';
import { ensureReader } from '#setup/ensure-reader.ts';
import { ensureMetricTables } from '#setup/metric-tables.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

// Roles are the server's, not the database's: names of this test alone.
const reader = `reader_${randomBytes(4).toString('hex')}`;
const owner = `owner_${randomBytes(4).toString('hex')}`;
/** Makes roles, owns a database of its name, and is no superuser. */
const maker = `maker_${randomBytes(4).toString('hex')}`;
let url: string;
let postgres: Postgres;
before(async () => {
  url = (await testConfig()).postgresUrl;
  // Dropping a database waits for a checkpoint, which on a busy disk takes longer than a statement of ours may.
  postgres = makePostgres({ url, applicationName: 'pinflow-test', statementTimeoutMs: 60_000 });
  await migrate(postgres);
  await ensureMetricTables(postgres);
});
after(async () => {
  await postgres.execute(`DROP DATABASE IF EXISTS ${maker} WITH (FORCE)`);
  for (const role of [reader, `${reader}_3`, `${reader}_4`, owner, maker]) {
    await postgres.execute(
      `DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${role}') THEN DROP OWNED BY ${role}; DROP ROLE ${role}; END IF; END $$`,
    );
  }
  await postgres.close();
});

async function as<Result>(role: string, password: string, work: (its: Postgres) => Promise<Result>, database?: string): Promise<Result> {
  const its = new URL(url);
  if (database !== undefined) its.pathname = database;
  its.username = role;
  its.password = password;
  const connection = makePostgres({ url: its.href, applicationName: 'pinflow-test', connectionsMax: 1 });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

test('without a password and without a role nothing is made', async () => {
  assert.equal(await ensureReader(postgres, reader, undefined), false);
  assert.deepEqual(await postgres.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [reader]), []);
});

test('the role reads what people may see, also what is made later, and nothing else', async () => {
  // Twice at once and once more, with a new password.
  await Promise.all([ensureReader(postgres, reader, 'first'), ensureReader(postgres, reader, 'first')]);
  assert.equal(await ensureReader(postgres, reader, `it's "new"`), true);
  await postgres.execute('CREATE TABLE marts.made_later AS SELECT 1 AS n');
  await as(reader, `it's "new"`, async (its) => {
    assert.deepEqual(await its.query('SELECT count(*) AS n FROM experimental_data'), [{ n: 0 }]);
    assert.deepEqual(await its.query('SELECT count(*) AS n FROM metrics.profile_popularity'), [{ n: 0 }]);
    assert.deepEqual(await its.query('SELECT n FROM marts.made_later'), [{ n: 1 }]);
    await assert.rejects(its.query('SELECT * FROM pinflow.api_key'), Failure);
    await assert.rejects(its.query('SELECT * FROM pinflow.idempotency'), Failure);
    await assert.rejects(its.execute('CREATE TABLE public.mine (n int)'), Failure);
    // Also where the session says that it may write.
    await its.execute('SET default_transaction_read_only = off');
    await assert.rejects(its.execute('DELETE FROM experimental_data'), Failure);
  });
});

test('rights wait for whoever swaps a table of a metric; where there is no reader nobody waits', async () => {
  const free = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const swapping = postgres.transaction(async (statements) => {
    await lockMetricTables(statements, 'shared');
    held.resolve();
    await free.promise;
  });
  await held.promise;
  assert.equal(await ensureReader(postgres, `${reader}_none`, undefined), false);
  const giving = ensureReader(postgres, reader, undefined);
  await waitFor(
    async () =>
      (
        await postgres.query(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        )
      ).length > 0,
    {
      what: 'the rights to wait',
    },
  );
  free.resolve();
  await swapping;
  assert.equal(await giving, true);
});

test('a role that may make none is told who can', async () => {
  await postgres.execute(`CREATE ROLE ${owner} LOGIN PASSWORD 'owner'`);
  const refused = as(owner, 'owner', (its) => ensureReader(its, `${reader}_2`, 'second'));
  await assert.rejects(
    refused,
    (error) => error instanceof Failure && error.kind === 'denied' && /POSTGRES_READER_PASSWORD/.test(error.message),
  );
});

test('an owner who may make roles and is no superuser sets up again and again', async () => {
  await postgres.execute(`CREATE ROLE ${maker} LOGIN CREATEROLE PASSWORD 'maker'`);
  await postgres.execute(`CREATE DATABASE ${maker} OWNER ${maker}`);
  const setUp = async (its: Postgres): Promise<void> => {
    await migrate(its);
    for (const password of ['first', 'second']) assert.equal(await ensureReader(its, `${reader}_3`, password), true);
  };
  await as(maker, 'maker', setUp, maker);
  const read = (its: Postgres) => its.query('SELECT count(*) AS n FROM experimental_data');
  assert.deepEqual(await as(`${reader}_3`, 'second', read, maker), [{ n: 0 }]);
});

test('such an owner may not change a role that somebody else made, and is told so', async () => {
  await postgres.execute(`CREATE ROLE ${reader}_4`);
  await assert.rejects(
    as(maker, 'maker', (its) => ensureReader(its, `${reader}_4`, 'mine'), maker),
    (error) => error instanceof Failure && error.kind === 'denied' && /may not change the role/.test(error.message),
  );
});
