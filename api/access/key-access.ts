import type { IncomingMessage } from 'node:http';
import type { Access, Caller } from '#api/access/caller.ts';
import type { Clients } from '#api/access/clients.ts';
import type { Credentials } from '#api/access/credentials.ts';
import { readCredentials } from '#api/access/credentials.ts';
import { isFromOurPages } from '#api/access/cross-site.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import { endedSession, keysUnavailable, noKey, otherPage, unknownKey } from '#api/access/refusals.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import { isSecret } from '#keys/secrets.ts';

/** Asks everybody for a key, and limits each key. */
export function makeKeyAccess(ring: KeyRing, clients: Pick<Clients, 'hostOf'>): Access {
  function identify(req: IncomingMessage): Caller | Refusal {
    const credentials = readCredentials(req);
    if (credentials === undefined) return noKey;
    const { secret, by } = credentials;
    const held = by === 'header' ? ring.findKey(secret) : ring.findSession(secret);
    if (held === undefined) return ring.isLoaded() ? refusalOf(credentials) : keysUnavailable;
    return by === 'cookie' && !isFromOurPages(req, clients) ? otherPage : held.caller;
  }

  return {
    identify,
    refuseStranger: () => undefined,
    async lookUp(req) {
      const found = identify(req);
      if (!isRefusal(found) || found.status === 403 || !isSecret(readCredentials(req)?.secret ?? '')) return found;
      await ring.reloadSoon();
      return identify(req);
    },
    foresee({ keyId }, events, bytes) {
      const held = ring.byId(keyId);
      const refused = held?.limit?.foresee(events, bytes, performance.now());
      if (refused !== undefined) held!.limitedRequests++;
      return refused;
    },
    spend({ keyId }, events, bytes, paid, isLast) {
      const held = ring.byId(keyId);
      if (held === undefined) return undefined;
      const allowance = held.limit?.spend(events, bytes, performance.now(), paid, isLast);
      if (allowance?.refusal === undefined) held.events += events;
      else held.limitedRequests++;
      return allowance;
    },
    owe({ keyId }, events, bytes) {
      const held = ring.byId(keyId);
      if (held === undefined) return undefined;
      held.events += events;
      return held.limit?.owe(events, bytes, performance.now());
    },
  };
}

function refusalOf({ by }: Credentials): Refusal {
  return by === 'header' ? unknownKey : endedSession;
}
