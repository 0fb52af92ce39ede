import type { Postgres, Statements } from '#adapters/postgres.ts';
import { hashOf, makeSessionSecret } from '#keys/secrets.ts';

/** Sessions that a key may have at a time; a further login ends the oldest. */
const sessionsMax = 100;

/** Begins a session of a key: its secret is for the browser, Postgres gets the hash. Old ones are swept on the way. */
export async function beginSession(postgres: Pick<Postgres, 'transaction'>, keyId: string, seconds: number): Promise<string> {
  const secret = makeSessionSecret();
  await postgres.transaction(async (statements) => {
    await statements.execute(
      `DELETE FROM pinflow.session WHERE expires_at <= now() OR sha256 IN (
         SELECT sha256 FROM pinflow.session WHERE key_id = $1 ORDER BY created_at DESC OFFSET $2)`,
      [keyId, sessionsMax - 1],
    );
    await statements.execute(
      `INSERT INTO pinflow.session (sha256, key_id, expires_at) VALUES ($1, $2, now() + $3::double precision * interval '1 second')`,
      [hashOf(secret), keyId, seconds],
    );
  });
  return secret;
}

/** Ends a session. @returns how many there were, 0 or 1. */
export function endSession(statements: Pick<Statements, 'execute'>, secret: string): Promise<number> {
  return statements.execute('DELETE FROM pinflow.session WHERE sha256 = $1', [hashOf(secret)]);
}
