import type { Postgres, Statements } from '#adapters/postgres.ts';
import type { ApiKey, KeyRow } from '#keys/keys-table.ts';
import { keyColumns, onKeysTable, stateOfKey, toApiKey } from '#keys/keys-table.ts';
import { hashOf, makeKeySecret } from '#keys/secrets.ts';
import { Failure } from '#domain/failures.ts';
import type { NewKey } from '#domain/keys/new-key.ts';
import { parseSpan } from '#domain/keys/spans.ts';

/** Valid keys that may share a name: the old one and the new one while clients change over. */
const validKeysMax = 2;

/**
 * Makes a key. This is the only time that the key itself is there; Postgres gets its hash.
 * @throws Failure `exists` where the name has two valid keys already.
 */
export function createKey(postgres: Pick<Postgres, 'transaction'>, wanted: NewKey): Promise<{ key: string; apiKey: ApiKey }> {
  return onKeysTable(() =>
    postgres.transaction(async (statements) => {
      await statements.query(`SELECT pg_advisory_xact_lock(hashtextextended('pinflow.api_key ' || $1, 0))`, [wanted.name]);
      await assertRoom(statements, wanted.name);
      const { id, key } = makeKeySecret();
      const [row] = await statements.query<KeyRow>(
        `INSERT INTO pinflow.api_key (id, name, sha256, scopes, events_per_second, bytes_per_second, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, now() + $7::double precision * interval '1 second') RETURNING ${keyColumns}`,
        [
          id,
          wanted.name,
          hashOf(key),
          wanted.scopes,
          wanted.eventsPerSecond ?? null,
          wanted.bytesPerSecond ?? null,
          wanted.expires === undefined ? null : parseSpan(wanted.expires),
        ],
      );
      return { key, apiKey: toApiKey(row!) };
    }),
  );
}

/** Says what createKey would find against the wish, and makes nothing. @throws Failure `exists` as createKey does. */
export function checkNewKey(statements: Pick<Statements, 'query'>, { name }: NewKey): Promise<void> {
  return onKeysTable(() => assertRoom(statements, name));
}

/** Why a name gets no further key. */
export function keysTaken(name: string, ids: readonly string[]): string {
  return `The name ${name} has ${ids.length} valid keys already (${ids.join(' and ')}): revoke one first, npx pinflow keys revoke ${ids[0]}, or take another name`;
}

async function assertRoom(statements: Pick<Statements, 'query'>, name: string): Promise<void> {
  const valid = await statements.query<{ id: string }>(
    `SELECT id FROM pinflow.api_key WHERE name = $1 AND ${stateOfKey} = 'valid' ORDER BY created_at, id`,
    [name],
  );
  if (valid.length < validKeysMax) return;
  const ids = valid.map(({ id }) => id);
  throw new Failure('exists', `${keysTaken(name, ids)}.`);
}
