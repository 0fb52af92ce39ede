import { lockMetricTables } from '#activities/ledger/metric-tables.ts';
import { sqlStateOf } from '#adapters/postgres-failure.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';

/** What people and their tools may read: rows, real-time metrics and marts. Keys and outcomes of requests are in none of these. */
const readableSchemas = ['public', 'metrics', 'marts'] as const;

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Makes the role that may only read, where a password for it is given, and lets it read what is there and what this role will
 * make later. Where the role was made by somebody else (an administrator, a compose file) only the rights are given.
 * Safe to run again and twice at once.
 * @param postgres with a bound on statements that leaves room for another set-up that fills a metric's table.
 * @returns whether there is such a role.
 * @throws Failure `denied` where the role is to be made, or given a password, and this one may not.
 */
export async function ensureReader(postgres: Postgres, role: string, password: string | undefined): Promise<boolean> {
  return postgres.transaction(async (statements) => {
    if (password === undefined && !(await isThere(statements, role))) return false;
    // Granting on a table fails where it is dropped or granted on meanwhile ("tuple concurrently updated").
    await lockMetricTables(statements, 'alone');
    if (password !== undefined) await giveLogin(statements, (await isThere(statements, role)) ? 'ALTER' : 'CREATE', role, password);
    await grantReading(statements, role);
    return true;
  });
}

async function isThere(statements: Statements, role: string): Promise<boolean> {
  return (await statements.query(`SELECT 1 FROM pg_roles WHERE rolname = $1`, [role])).length > 0;
}

async function giveLogin(statements: Statements, verb: 'CREATE' | 'ALTER', role: string, password: string): Promise<void> {
  try {
    // No further attributes, which a new role has not: Postgres lets only a superuser name SUPERUSER of a role that is there.
    await run(statements, `${verb} ROLE %I LOGIN PASSWORD %L`, [role, password]);
    await run(statements, `ALTER ROLE %I SET default_transaction_read_only = on`, [role]);
  } catch (error) {
    if (sqlStateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new Failure(
      'denied',
      verb === 'CREATE'
        ? `The role of POSTGRES_URL may make no role ${role}: have an administrator make it and unset POSTGRES_READER_PASSWORD, or let the role of POSTGRES_URL make roles (CREATEROLE).`
        : `The role of POSTGRES_URL may not change the role ${role}, which somebody else made: unset POSTGRES_READER_PASSWORD, or let the role of POSTGRES_URL make roles (CREATEROLE) and GRANT ${role} to it WITH ADMIN OPTION.`,
      { cause: error },
    );
  }
}

async function grantReading(statements: Statements, role: string): Promise<void> {
  for (const schema of readableSchemas) {
    await run(statements, `GRANT USAGE ON SCHEMA %I TO %I`, [schema, role]);
    await run(statements, `GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I`, [schema, role]);
    await run(statements, `ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO %I`, [schema, role]);
  }
}

/** Statements about roles take no parameters: the server quotes names (%I) and texts (%L). */
async function run(statements: Statements, form: string, values: readonly string[]): Promise<void> {
  const places = values.map((_, i) => `$${i + 2}::text`).join(', ');
  const [made] = await statements.query<{ sql: string }>(`SELECT format($1::text, ${places}) AS sql`, [form, ...values]);
  await statements.execute(made!.sql);
}
