import type { IncomingMessage } from 'node:http';
import { isLoopback } from '#api/access/keys-required.ts';
import type { Access, Caller } from '#api/door/caller.ts';
import type { Refusal } from '#api/door/refusal.ts';

/** Everyone may do everything: keys are off. */
const anonymous: Caller = { keyId: '', name: 'anonymous', scopes: new Set() };

/** Takes everyone, by whatever name the API was called. */
export const openAccess: Access = {
  identify: () => anonymous,
  lookUp: async () => anonymous,
  refuseStranger: () => undefined,
  spend: () => undefined,
};

/**
 * Takes everyone who calls this machine by a name of its own. A page of the web may point a name of its own at 127.0.0.1:
 * browsers then let it read our answers, but say that name in Host.
 */
export function makeLocalAccess(): Access {
  /** Of the last request that was let in: clients say the same again and again. */
  let lastHost: string | undefined;

  function refuseStranger({ headers: { host } }: IncomingMessage): Refusal | undefined {
    // HTTP/1.0 without Host: no browser.
    if (host === lastHost || host === undefined) return undefined;
    if (!isLoopbackHost(host)) return foreignHost(host);
    lastHost = host;
    return undefined;
  }

  const identify = (req: IncomingMessage): Caller | Refusal => refuseStranger(req) ?? anonymous;
  return { identify, lookUp: async (req) => identify(req), refuseStranger, spend: () => undefined };
}

const hostAndPort = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/;

function isLoopbackHost(host: string): boolean {
  const [, address, name] = hostAndPort.exec(host) ?? [];
  return isLoopback(address ?? name ?? '');
}

function foreignHost(host: string): Refusal {
  return {
    status: 403,
    reason: 'forbidden',
    message: `Host is ${JSON.stringify(host.slice(0, 100))}, but without keys the API is for this machine only: call it by localhost, 127.0.0.1 or [::1]. Set API_KEYS=required to ask for keys, or API_KEYS=off to take any Host`,
  };
}
