import { createDatabase } from '#setup/create-database.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { ensureMetricTables } from '#setup/metric-tables.ts';
import { migrate } from '#workers/migrate.ts';

/** Postgres writes a checkpoint first, which takes as long as what others wrote. */
const dropMs = 60_000;

/** Makes a database with our tables on the server, and returns its URL. */
export async function makeDatabase(serverUrl: string, name: string): Promise<string> {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await createDatabase(url.href);
  const postgres = makePostgres({ url: url.href, applicationName: 'pinflow-bench' });
  try {
    await migrate(postgres);
    await ensureMetricTables(postgres);
  } finally {
    await postgres.close();
  }
  return url.href;
}

/** On a given server nothing else would ever remove it. */
export async function removeDatabase(databaseUrl: string): Promise<void> {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const postgres = makePostgres({ url: url.href, applicationName: 'pinflow-bench', connectionsMax: 1, statementTimeoutMs: dropMs });
  try {
    await postgres.execute(`DROP DATABASE ${name} WITH (FORCE)`);
  } finally {
    await postgres.close();
  }
}
