import type { IncomingMessage } from 'node:http';
import { isSecret } from '#keys/secrets.ts';
import type { Clients } from '#api/access/clients.ts';
import type { Credentials } from '#api/access/credentials.ts';
import { readCredentials } from '#api/access/credentials.ts';
import { isFromOurPages } from '#api/access/cross-site.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import type { Access, Caller } from '#api/access/caller.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';

const advice = 'send it as Authorization: Bearer <key>, or log in at /login';
const noKey: Refusal = {
  status: 401,
  reason: 'unauthenticated',
  message: `A key is needed here: ${advice}. npx pinflow keys create makes one`,
  headers: { 'WWW-Authenticate': 'Bearer realm="pinflow"' },
};
const unknownKey: Refusal = {
  status: 401,
  reason: 'unauthenticated',
  message: 'The key is not known, has expired, or was revoked: use a valid one. npx pinflow keys list shows those there are',
  headers: { 'WWW-Authenticate': 'Bearer realm="pinflow", error="invalid_token"' },
};
const endedSession: Refusal = {
  ...noKey,
  message: 'The session has ended: log in again at /login, or send a key as Authorization: Bearer <key>',
};
const otherPage: Refusal = {
  status: 403,
  reason: 'forbidden',
  message: 'A page of another site sent this with the cookie of this one: send the key as Authorization: Bearer <key> instead',
};
/** Nobody is let in before the keys are known, and nobody is told that his key is wrong. */
export const keysUnavailable: Refusal = {
  status: 503,
  reason: 'keys_unavailable',
  message: 'The keys cannot be read from Postgres at the moment; send this again later',
  headers: { 'Retry-After': '1' },
};

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
