import type { Statements } from '#adapters/postgres.ts';
import type { ApiKey, KeyRow } from '#keys/keys-table.ts';
import { keyColumns, onKeysTable, stateOfKey, toApiKey } from '#keys/keys-table.ts';

/** Keys by name and age; those that are expired or revoked only where `all` asks for them. */
export async function listKeys(statements: Pick<Statements, 'query'>, { all }: { all: boolean }): Promise<ApiKey[]> {
  const rows = await onKeysTable(() =>
    statements.query<KeyRow>(
      `SELECT ${keyColumns} FROM pinflow.api_key WHERE $1::boolean OR ${stateOfKey} = 'valid' ORDER BY name, created_at, id`,
      [all],
    ),
  );
  return rows.map(toApiKey);
}
