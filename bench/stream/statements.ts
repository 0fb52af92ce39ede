import { setTimeout as delay } from 'node:timers/promises';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { show } from '#bench/measure/numbers.ts';
import { processesOf } from '#bench/measure/whole-stack.ts';
import type { Rig } from '#bench/stream/contender.ts';
import { numberOf, plainTable } from '#cli/plain-table.ts';

const library = 'pg_stat_statements';
const shown = 12;
const charactersShown = 90;
const restartMs = 30_000;
const askEveryMs = 200;

/**
 * Has Postgres count its statements: the embedded one, which belongs to this run alone, is started again with the library;
 * one that was given is left as it is.
 * @returns why it does not count them, where it does not.
 */
export async function countStatements({ home, config, signal }: Rig, say: (line: string) => void): Promise<string | undefined> {
  const ask = <Row extends object>(sql: string): Promise<Row[]> => askOnce(config.postgresUrl, sql);
  const isLoaded = async (): Promise<boolean> =>
    (await ask<{ loaded: boolean }>(`SELECT current_setting('shared_preload_libraries') LIKE '%${library}%' AS loaded`))[0]!.loaded;
  if (await isLoaded()) return undefined;
  const available = await ask(`SELECT FROM pg_available_extensions WHERE name = '${library}'`);
  if (available.length === 0) return `not counted: this Postgres has no ${library}`;
  const server = processesOf(home.path).find(({ name }) => name === 'postgres');
  if (server === undefined) return `not counted: the given Postgres does not load ${library}`;
  await ask(`ALTER SYSTEM SET shared_preload_libraries = '${library}'`);
  say('Postgres is started again, to count statements');
  // Its fast shutdown; the stack starts again what ends.
  process.kill(server.pid, 'SIGINT');
  const giveUpAt = performance.now() + restartMs;
  while (!(await isLoaded().catch(() => false))) {
    if (performance.now() > giveUpAt) return `not counted: Postgres was not back with ${library} within ${restartMs / 1_000} s`;
    signal.throwIfAborted();
    await delay(askEveryMs);
  }
  return undefined;
}

/** Over a connection of its own: an older one ends with the server. */
async function askOnce<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const postgres = makePostgres({ url, applicationName: 'pinflow-bench', connectionsMax: 1 });
  try {
    return await postgres.query<Row>(sql);
  } finally {
    await postgres.close();
  }
}

/** Begins to count anew: from here on what this database is asked. */
export async function resetStatements(postgres: Postgres): Promise<void> {
  await postgres.execute(`CREATE EXTENSION IF NOT EXISTS ${library}`);
  await postgres.execute(`SELECT ${library}_reset()`);
}

/** The statements of this database that took most, as text. */
export async function statementTimes(postgres: Postgres, records: number): Promise<string> {
  const rows = await postgres.query<{ query: string; calls: number; ms: number }>(
    `SELECT query, sum(calls)::bigint AS calls, sum(total_exec_time) AS ms FROM ${library} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
     GROUP BY query ORDER BY ms DESC LIMIT ${shown}`,
  );
  const total = rows.reduce((sum, { ms }) => sum + ms, 0);
  return plainTable(
    [numberOf('%'), numberOf('s'), numberOf('us/record'), numberOf('calls'), 'statement'],
    rows.map(({ query, calls, ms }) => [
      show((ms / total) * 100, 1),
      show(ms / 1_000, 2),
      show((ms * 1_000) / records, 2),
      show(calls),
      query.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ').trim().slice(0, charactersShown),
    ]),
  );
}
