import type { Statements } from '#adapters/postgres.ts';
import type { ApiKey, KeyRow } from '#keys/keys-table.ts';
import { keyColumns, onKeysTable, toApiKey } from '#keys/keys-table.ts';
import { isKeyId } from '#keys/secrets.ts';
import { Failure } from '#domain/failures.ts';

export type Revocation = { apiKey: ApiKey; wasRevoked: boolean };

/**
 * Revokes a key and with it its sessions. Revoking twice changes nothing.
 * @throws Failure `missing` where no key has the id.
 */
export async function revokeKey(statements: Pick<Statements, 'query'>, id: string): Promise<Revocation> {
  if (!isKeyId(id)) throw noSuchKey();
  const [revoked] = await onKeysTable(() =>
    statements.query<KeyRow>(
      `WITH ended AS (DELETE FROM pinflow.session WHERE key_id = $1)
       UPDATE pinflow.api_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING ${keyColumns}`,
      [id],
    ),
  );
  return revoked === undefined ? findKeyToRevoke(statements, id) : { apiKey: toApiKey(revoked), wasRevoked: false };
}

/** What revokeKey would revoke; changes nothing. @throws Failure `missing` as revokeKey does. */
export async function findKeyToRevoke(statements: Pick<Statements, 'query'>, id: string): Promise<Revocation> {
  if (!isKeyId(id)) throw noSuchKey();
  const [row] = await onKeysTable(() => statements.query<KeyRow>(`SELECT ${keyColumns} FROM pinflow.api_key WHERE id = $1`, [id]));
  if (row === undefined) throw noSuchKey();
  return { apiKey: toApiKey(row), wasRevoked: row.revoked_at !== null };
}

export const noKeyHasThisId = 'No key has this id: npx pinflow keys list --all shows all there are';

function noSuchKey(): Failure {
  return new Failure('missing', `${noKeyHasThisId}.`);
}
