import type { Config } from '#adapters/config.ts';
import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Access } from '#api/access/caller.ts';
import type { Clients } from '#api/access/clients.ts';
import { makeKeyAccess } from '#api/access/key-access.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import { openKeyRing } from '#api/access/key-ring.ts';
import { areKeysRequired, isLoopback } from '#api/access/keys-required.ts';
import { makeLocalAccess, openAccess } from '#api/access/open-access.ts';

export type ChosenAccess = {
  access: Access;
  /** Absent where keys are off. */
  ring: KeyRing | undefined;
};

/** Keys where the settings ask for them, and everyone where they do not; says so where that is daring. */
export function chooseAccess({
  config,
  clients,
  statements,
  log,
}: {
  config: Pick<Config, 'apiKeys' | 'apiHost' | 'apiAllowedHosts' | 'apiTrustedProxies' | 'apiRateEvents' | 'apiRateBytes' | 'apiProcesses'>;
  clients: Clients;
  statements: Pick<Statements, 'query' | 'execute'>;
  log: Log;
}): ChosenAccess {
  if (!areKeysRequired(config)) {
    if (!isLoopback(config.apiHost)) warnOfOthers(config, log);
    return { access: config.apiKeys === 'off' ? openAccess : makeLocalAccess(config.apiAllowedHosts, clients), ring: undefined };
  }
  const ring = openKeyRing({
    statements,
    log,
    defaultRates: { eventsPerSecond: config.apiRateEvents, bytesPerSecond: config.apiRateBytes },
    processes: config.apiProcesses,
  });
  return { access: makeKeyAccess(ring, clients), ring };
}

function warnOfOthers({ apiKeys, apiHost }: Pick<Config, 'apiKeys' | 'apiHost'>, log: Log): void {
  if (apiKeys === 'off')
    log.warn('the API asks nobody for a key, and is bound to more than this machine: API_KEYS=auto would ask for keys', { host: apiHost });
  // Somebody said so; where it is not true, only browsers are kept out.
  else
    log.info('the API asks nobody for a key and trusts that its port is published to this machine only: API_KEYS=required would ask', {
      host: apiHost,
    });
}
