import { ensureMetricTables } from '#setup/metric-tables.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { migrate } from '#workers/migrate.ts';

const name = 'pinflow_after_setup';
/** Who comes first works while the others wait. */
const statementTimeoutMs = 60_000;

/**
 * The database that migrations and the set-up of metrics leave, made once a run by whoever asks first: for each of a hundred
 * databases they took half a second. Returns its name, for CREATE DATABASE ... TEMPLATE.
 */
export async function databaseAfterSetup(serverUrl: string): Promise<string> {
  const server = makePostgres({ url: serverUrl, applicationName: 'pinflow-test', connectionsMax: 2, statementTimeoutMs });
  try {
    // Its transaction holds the lock; databases are made outside of one, on the other connection.
    await server.transaction(async (statements) => {
      await statements.query(`SELECT pg_advisory_xact_lock(hashtext('${name}'))`);
      const [found] = await statements.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (found === undefined) await make(server, serverUrl);
    });
  } finally {
    await server.close();
  }
  return name;
}

/** It has its name when it is whole. Nobody can connect to it then: one that is in use is no template. */
async function make(server: Postgres, serverUrl: string): Promise<void> {
  const unfinished = `${name}_unfinished`;
  await server.execute(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await server.execute(`CREATE DATABASE ${unfinished}`);
  const url = new URL(serverUrl);
  url.pathname = `/${unfinished}`;
  const postgres = makePostgres({ url: url.href, applicationName: 'pinflow-test', connectionsMax: 1, statementTimeoutMs });
  try {
    await migrate(postgres);
    await ensureMetricTables(postgres);
  } finally {
    await postgres.close();
  }
  await server.execute(`ALTER DATABASE ${unfinished} WITH ALLOW_CONNECTIONS false`);
  await server.execute(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
}
