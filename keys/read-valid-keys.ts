import type { Statements } from '#adapters/postgres.ts';
import type { ApiKey } from '#keys/keys-table.ts';
import { onKeysTable, stateOfKey } from '#keys/keys-table.ts';
import type { Scope } from '#domain/keys/scopes.ts';

/** A valid key as the door keeps it. */
export type ValidKey = {
  id: string;
  name: string;
  sha256: string;
  scopes: Scope[];
  events_per_second: number | null;
  bytes_per_second: number | null;
  expires_at: Date | null;
};
export type ValidSession = { sha256: string; key_id: string; expires_at: Date };
export type ValidKeys = { keys: ValidKey[]; sessions: ValidSession[]; counts: Record<ApiKey['state'], number> };

/** All that may come in, and how many keys there are of each state. */
export async function readValidKeys(statements: Pick<Statements, 'query'>): Promise<ValidKeys> {
  const [keys, sessions, counted] = await onKeysTable(() =>
    Promise.all([
      statements.query<ValidKey>(
        `SELECT id, name, sha256, scopes, events_per_second, bytes_per_second, expires_at FROM pinflow.api_key WHERE ${stateOfKey} = 'valid'`,
      ),
      statements.query<ValidSession>('SELECT sha256, key_id, expires_at FROM pinflow.session WHERE expires_at > now()'),
      statements.query<{ state: ApiKey['state']; count: number }>(
        `SELECT ${stateOfKey} AS state, count(*) AS count FROM pinflow.api_key GROUP BY 1`,
      ),
    ]),
  );
  return {
    keys,
    sessions,
    counts: { valid: 0, expired: 0, revoked: 0, ...Object.fromEntries(counted.map(({ state, count }) => [state, count])) },
  };
}

/** Notes when keys were used last, Unix ms by id. */
export async function writeLastUses(statements: Pick<Statements, 'execute'>, usedAtMs: ReadonlyMap<string, number>): Promise<void> {
  await statements.execute(
    `UPDATE pinflow.api_key k SET last_used_at = greatest(k.last_used_at, used.at)
     FROM unnest($1::text[], $2::timestamptz[]) AS used (id, at) WHERE k.id = used.id`,
    [[...usedAtMs.keys()], [...usedAtMs.values()].map((ms) => new Date(ms).toISOString())],
  );
}
