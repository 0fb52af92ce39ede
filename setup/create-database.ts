import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { makePostgres } from '#adapters/postgres.ts';

const alreadyThere = new Set(['42P04', '23505']);

/**
 * Creates the database that a Postgres URL names, unless it is there. Two processes may do so at the same time.
 * @returns whether this call created it.
 */
export async function createDatabase(url: string): Promise<boolean> {
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  if (await exists(url)) return false;
  target.pathname = '/postgres';
  const maintenance = makePostgres({ url: target.href, applicationName: 'pinflow-setup', connectionsMax: 1 });
  try {
    await maintenance.execute(`CREATE DATABASE "${name.replaceAll('"', '""')}"`);
    return true;
  } catch (error) {
    if (alreadyThere.has(sqlStateOf(error) ?? '')) return false;
    throw error;
  } finally {
    await maintenance.close();
  }
}

/** Asked by connecting to it: a hosted server may not let us into its maintenance database. */
async function exists(url: string): Promise<boolean> {
  const postgres = makePostgres({ url, applicationName: 'pinflow-setup', connectionsMax: 1 });
  try {
    await postgres.query('SELECT 1');
    return true;
  } catch (error) {
    if (sqlStateOf(error) === '3D000') return false;
    throw error;
  } finally {
    await postgres.close();
  }
}
