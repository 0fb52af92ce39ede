import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import type { Postgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';

type Migration = { number: number; name: string; sql: string; sha256: string };

/** Any number that no other program uses for an advisory lock; "pinflow" in ASCII. */
const migrationLock = '31641120277294967';

const directory = new URL('./migrations/', import.meta.url);

/** The numbered SQL files beside this one, in order. */
function readMigrations(): Migration[] {
  return readdirSync(directory)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, directory), 'utf8');
      return { number: Number(name.slice(0, 4)), name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    });
}

/**
 * Brings the database to the newest migration, each in the one transaction of the call, under an advisory lock so that
 * two processes may start at once.
 * @returns the names that were applied now.
 * @throws Failure `configuration` when an applied file was edited, or the database is newer than this code.
 */
export async function migrate(postgres: Postgres): Promise<string[]> {
  const migrations = readMigrations();
  return postgres.transaction(async (statements) => {
    await statements.query(`SET LOCAL statement_timeout = '60s'`);
    await statements.query(`SELECT pg_advisory_xact_lock($1)`, [migrationLock]);
    await statements.query(`CREATE SCHEMA IF NOT EXISTS pinflow`);
    await statements.query(
      `CREATE TABLE IF NOT EXISTS pinflow.migration (number int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const applied = await statements.query<{ number: number; name: string; sha256: string }>(
      `SELECT number, name, sha256 FROM pinflow.migration ORDER BY number`,
    );
    assertKnown(applied, migrations);
    const pending = migrations.slice(applied.length);
    for (const { number, name, sql, sha256 } of pending) {
      await statements.query(sql);
      await statements.query(`INSERT INTO pinflow.migration (number, name, sha256) VALUES ($1, $2, $3)`, [number, name, sha256]);
    }
    return pending.map(({ name }) => name);
  });
}

/**
 * Waits for nothing: says whether the database is at this code's version.
 * @throws Failure `not_ready` when migrations are missing, `configuration` when the database is another one.
 */
export async function assertMigrated(postgres: Postgres): Promise<void> {
  const migrations = readMigrations();
  const [table] = await postgres.query<{ found: string | null }>(`SELECT to_regclass('pinflow.migration')::text AS found`);
  const applied =
    table?.found == null
      ? []
      : await postgres.query<{ number: number; name: string; sha256: string }>(
          `SELECT number, name, sha256 FROM pinflow.migration ORDER BY number`,
        );
  assertKnown(applied, migrations);
  if (applied.length < migrations.length) {
    throw new Failure(
      'not_ready',
      `The database lacks ${migrations
        .slice(applied.length)
        .map(({ name }) => name)
        .join(', ')}: run node workers/setup.ts.`,
    );
  }
}

function assertKnown(applied: readonly { number: number; name: string; sha256: string }[], migrations: readonly Migration[]): void {
  for (const [index, row] of applied.entries()) {
    const file = migrations[index];
    if (file === undefined)
      throw new Failure(
        'configuration',
        `The database has migration ${row.name}, which this code does not know: it is newer. Run the newer code, or use another database.`,
      );
    if (file.number !== row.number || file.sha256 !== row.sha256) {
      throw new Failure(
        'configuration',
        `Migration ${row.name} was applied with another content than ${file.name} has now: migrations are never edited. In a trial environment start afresh (npm start -- --fresh).`,
      );
    }
  }
}
