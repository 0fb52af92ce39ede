import { checkNewKey, createKey } from '#keys/create-key.ts';
import type { ApiKey } from '#keys/keys-table.ts';
import { listKeys } from '#keys/list-keys.ts';
import { findKeyToRevoke, revokeKey } from '#keys/revoke-key.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { NewKey } from '#domain/keys/new-key.ts';
import { describeProblems, newKey } from '#domain/keys/new-key.ts';
import { orNothingRuns } from './nothing-runs.ts';
import { numberOf, plainTable, terminalWidth } from './plain-table.ts';
import { usageError } from './run-program.ts';
import type { HomeOption } from './home-option.ts';
import { readRunningSettings } from './settings.ts';

type Common = HomeOption & { json?: boolean };
export type CreateOptions = Common & {
  name: string;
  scope: string[];
  eventsPerSecond?: number;
  bytesPerSecond?: number;
  expires?: string;
  dryRun?: boolean;
};
export type ListOptions = Common & { all?: boolean };
export type RevokeOptions = Common & { dryRun?: boolean };

/** Makes a key. The key is on stdout, so that a script can take it from there; the rest is on stderr. */
export async function createKeyHere(options: CreateOptions): Promise<void> {
  const wanted = checkedWish(options);
  await withPostgres(options, async (postgres) => {
    if (options.dryRun === true) {
      await checkNewKey(postgres, wanted);
      if (options.json === true) console.log(JSON.stringify({ dryRun: true, ...wanted }));
      else console.log(`Would make a key ${wanted.name} that may: ${wanted.scopes.join(', ')}.`);
      return;
    }
    const { key, apiKey } = await createKey(postgres, wanted);
    if (options.json === true) console.log(JSON.stringify({ ...apiKey, key }));
    else {
      console.log(key);
      console.error(`Key ${apiKey.id} of ${apiKey.name} may: ${apiKey.scopes.join(', ')}. It is shown this once.`);
    }
  });
}

export async function listKeysHere(options: ListOptions): Promise<void> {
  await withPostgres(options, async (postgres) => {
    const keys = await listKeys(postgres, { all: options.all === true });
    if (options.json === true) console.log(JSON.stringify({ keys }, null, 2));
    else if (keys.length > 0) console.log(keysTable(keys));
    else console.log('There is no valid key: npx pinflow keys create makes one.');
  });
}

export async function revokeKeyHere(id: string, options: RevokeOptions): Promise<void> {
  await withPostgres(options, async (postgres) => {
    const { apiKey, wasRevoked } = options.dryRun === true ? await findKeyToRevoke(postgres, id) : await revokeKey(postgres, id);
    if (options.json === true) console.log(JSON.stringify({ ...(options.dryRun === true ? { dryRun: true } : {}), ...apiKey }));
    else if (wasRevoked) console.log(`Key ${id} of ${apiKey.name} was revoked before, at ${apiKey.revokedAt}.`);
    else if (options.dryRun === true) console.log(`Would revoke key ${id} of ${apiKey.name}, which is ${apiKey.state}.`);
    else console.log(`Revoked key ${id} of ${apiKey.name}: running APIs refuse it within 3 s.`);
  });
}

const optionOf: Record<string, string> = {
  name: '--name',
  scopes: '--scope',
  expires: '--expires',
  eventsPerSecond: '--events-per-second',
  bytesPerSecond: '--bytes-per-second',
};

/** @throws CommanderError where the options are no wish for a key. */
function checkedWish({ name, scope, eventsPerSecond, bytesPerSecond, expires }: CreateOptions): NewKey {
  const parsed = newKey.safeParse({ name, scopes: scope, eventsPerSecond, bytesPerSecond, expires });
  if (!parsed.success) throw usageError(describeProblems(parsed.error.issues, (field) => optionOf[field] ?? field));
  return parsed.data;
}

async function withPostgres(options: HomeOption, work: (postgres: Postgres) => Promise<void>): Promise<void> {
  const config = readRunningSettings(options);
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-keys', connectionsMax: 1 });
  try {
    await orNothingRuns(config, () => work(postgres));
  } finally {
    await postgres.close();
  }
}

function keysTable(keys: readonly ApiKey[]): string {
  const rate = (value: number | null): string => (value === null ? 'default' : value === 0 ? 'no limit' : String(value));
  return plainTable(
    ['id', 'name', 'state', 'scopes', numberOf('events/s'), numberOf('bytes/s'), 'expires', 'last used'],
    keys.map((key) => [
      key.id,
      key.name,
      key.state,
      key.scopes.join(','),
      rate(key.eventsPerSecond),
      rate(key.bytesPerSecond),
      key.expiresAt ?? 'never',
      key.lastUsedAt ?? 'never',
    ]),
    { width: terminalWidth() },
  );
}
