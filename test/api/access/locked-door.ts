import type { ApiKey } from '#keys/keys-table.ts';
import { createKey } from '#keys/create-key.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { NewKey } from '#domain/keys/new-key.ts';
import { scopes } from '#domain/keys/scopes.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoorOnTables } from '#test/api/open-door.ts';
import { waitFor } from '#test/support/servers.ts';

type Ask = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** A door that asks for keys. */
export type LockedDoor = OpenDoor & {
  postgres: Postgres;
  /** Makes a key and waits until the door knows it; by default it may do everything. */
  makeKey(wish?: Partial<NewKey>): Promise<{ key: string; apiKey: ApiKey }>;
  /** A request with a key in the usual header. */
  ask(key: string, path: string, init?: Ask): Promise<Response>;
  postPin(headers: Record<string, string>): Promise<Response>;
};

let made = 0;

export async function openLockedDoor(overrides: Partial<Config> = {}): Promise<LockedDoor> {
  const door = await openDoorOnTables({ apiKeys: 'required', ...overrides });
  const ask = (key: string, path: string, init: Ask = {}): Promise<Response> =>
    fetch(door.url + path, { redirect: 'manual', ...init, headers: { Authorization: `Bearer ${key}`, ...init.headers } });
  return {
    ...door,
    ask,
    async makeKey(wish) {
      const created = await createKey(door.postgres, { name: `key-${made++}`, scopes: [...scopes], ...wish });
      await waitFor(async () => ![401, 503].includes((await ask(created.key, '/api/keys')).status), { what: 'the door to know the key' });
      return created;
    },
    postPin: (headers) => door.post('/pin/', '{"unique_id":"a"}', 'application/json', headers),
  };
}
