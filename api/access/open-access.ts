import type { IncomingMessage } from 'node:http';
import type { Access, Caller } from '#api/access/caller.ts';
import type { Clients } from '#api/access/clients.ts';
import { isFollowedLink } from '#api/access/cross-site.ts';
import { isLoopback } from '#api/access/keys-required.ts';
import type { Refusal } from '#api/answers/refusal.ts';

/** Everyone may do everything: keys are off. */
const anonymous: Caller = { keyId: '', name: 'anonymous', scopes: new Set() };

/** Takes everyone, by whatever name the API was called. */
export const openAccess: Access = {
  identify: () => anonymous,
  lookUp: async () => anonymous,
  refuseStranger: () => undefined,
  foresee: () => undefined,
  spend: () => undefined,
  owe: () => undefined,
};

/**
 * Takes everyone who calls this machine by a name of its own, or by one of `allowedHosts`. A page of the web may point a
 * name of its own at 127.0.0.1: browsers then let it read our answers, but say that name in Host. Or it sends what it
 * cannot read the answer to: browsers then say whose page it is, in Origin or in Sec-Fetch-Site.
 */
export function makeLocalAccess(allowedHosts: readonly string[], clients: Pick<Clients, 'forwardedHostOf'>): Access {
  const allowed = new Set(allowedHosts);
  const isOwn = (name: string): boolean => isLoopback(name) || allowed.has(name.toLowerCase());
  /** Of the last request that was let in: clients say the same again and again. */
  let lastHost: string | undefined;

  function refuseStranger(req: IncomingMessage): Refusal | undefined {
    const { host, origin, 'sec-fetch-site': site } = req.headers;
    // HTTP/1.0 without Host: no browser.
    if (host !== lastHost && host !== undefined) {
      if (!isOwn(nameOf(host))) return foreign('Host', host);
      lastHost = host;
    }
    // Both: a proxy asks by a name of its own, and the page's name is the one that the proxy was asked by.
    const forwarded = clients.forwardedHostOf(req);
    if (forwarded !== undefined && !isOwn(nameOf(forwarded))) return foreign('Host', forwarded);
    if (origin !== undefined) return isOwn(nameOfOrigin(origin)) ? undefined : foreign('Origin', origin);
    // Pictures, scripts and frames of other pages come without Origin.
    return site === 'cross-site' && !isFollowedLink(req) ? foreign('Sec-Fetch-Site', site) : undefined;
  }

  const identify = (req: IncomingMessage): Caller | Refusal => refuseStranger(req) ?? anonymous;
  return { ...openAccess, identify, lookUp: async (req) => identify(req), refuseStranger };
}

const hostAndPort = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/;

function nameOf(host: string): string {
  const [, address, name] = hostAndPort.exec(host) ?? [];
  return address ?? name ?? '';
}

/** Empty for `null`, which sandboxed pages and files say. */
function nameOfOrigin(origin: string): string {
  return URL.canParse(origin) ? nameOf(new URL(origin).host) : '';
}

function foreign(header: string, value: string): Refusal {
  return {
    status: 403,
    reason: 'forbidden',
    message: `${header} is ${JSON.stringify(value.slice(0, 100))}, but without keys the API is for this machine only: call it by localhost, 127.0.0.1 or [::1], and from pages of these. Name other hosts in API_ALLOWED_HOSTS, or set API_KEYS=required to ask for keys, or API_KEYS=off to take any`,
  };
}
