import { sqlStateOf } from '#adapters/postgres-failure.ts';
import { Failure } from '#domain/failures.ts';
import type { Scope } from '#domain/keys/scopes.ts';

export const keyStates = ['valid', 'expired', 'revoked'] as const;

/** A key as it is shown: never its hash. Times are RFC 3339 in UTC. */
export type ApiKey = {
  id: string;
  name: string;
  scopes: Scope[];
  /** null means the API's default, 0 no limit. */
  eventsPerSecond: number | null;
  bytesPerSecond: number | null;
  state: (typeof keyStates)[number];
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
};

export type KeyRow = {
  id: string;
  name: string;
  scopes: Scope[];
  events_per_second: number | null;
  bytes_per_second: number | null;
  state: ApiKey['state'];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
};

/** One of `keyStates`. */
export const stateOfKey = `CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'valid' END`;

/** Columns of a KeyRow. */
export const keyColumns = `id, name, scopes, events_per_second, bytes_per_second, ${stateOfKey} AS state, created_at, expires_at, revoked_at, last_used_at`;

export function toApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    eventsPerSecond: row.events_per_second,
    bytesPerSecond: row.bytes_per_second,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  };
}

const UNDEFINED_TABLE = '42P01';

/** Does `work` on the tables of the keys. @throws Failure `not_ready` where they are not there yet. */
export async function onKeysTable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (sqlStateOf(error) !== UNDEFINED_TABLE) throw error;
    throw new Failure('not_ready', 'The database has no table of keys yet: run node workers/setup.ts.', { cause: error });
  }
}
