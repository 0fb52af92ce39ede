import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { BlockList, isIP } from 'node:net';
import type { Config } from '#adapters/config.ts';
import type { Hop } from '#domain/door/forwarded.ts';
import { parseForwarded, parseXForwarded } from '#domain/door/forwarded.ts';

/** Whom a request comes from, and how it came: as the connection says, and behind proxies that are trusted as they say. */
export type Clients = {
  /** Address of the client; empty where its connection is gone. */
  addressOf(req: IncomingMessage): string;
  /** Whether it came over TLS; this process itself sees none. */
  isSecure(req: IncomingMessage): boolean;
  /** The host that the client asked; undefined where nobody says. */
  hostOf(req: IncomingMessage): string | undefined;
  /** The host that a trusted proxy was asked for, where one says so. */
  forwardedHostOf(req: IncomingMessage): string | undefined;
  /** The peer of a connection as bounds of connections count it: undefined for a trusted proxy, who stands for many. */
  peerOf(socket: Socket): string | undefined;
};

type Origin = { address: string; proto?: string; host?: string };

/**
 * Anybody can write these headers, so that only those of `apiTrustedProxies` are believed, and of the two kinds only the
 * one that these proxies write themselves: the other they pass on as the client wrote it.
 */
export function makeClients({ apiTrustedProxies, apiProxyHeaders }: Pick<Config, 'apiTrustedProxies' | 'apiProxyHeaders'>): Clients {
  const trusted = new BlockList();
  for (const network of apiTrustedProxies) {
    const [address = '', bits] = network.split('/');
    if (bits === undefined) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, Number(bits), familyOf(address));
  }
  const isTrustedProxy = (address: string): boolean =>
    apiTrustedProxies.length > 0 && isIP(address) > 0 && trusted.check(address, familyOf(address));

  function hopsOf({ headers }: IncomingMessage): Hop[] {
    if (apiProxyHeaders === 'forwarded') return parseForwarded(headers.forwarded ?? '');
    const text = (name: string): string | undefined => headers[name] as string | undefined;
    return parseXForwarded({ for: text('x-forwarded-for'), proto: text('x-forwarded-proto'), host: text('x-forwarded-host') });
  }

  /** From the nearest proxy outwards, as far as each one is trusted. */
  function findOrigin(req: IncomingMessage): Origin {
    const origin: Origin = { address: plainAddress(req.socket.remoteAddress ?? '') };
    if (!isTrustedProxy(origin.address)) return origin;
    for (const { address, proto, host } of hopsOf(req).toReversed()) {
      if (!isTrustedProxy(origin.address)) break;
      if (proto !== undefined) origin.proto = proto;
      if (host !== undefined) origin.host = host;
      // "unknown", or a name of the proxy's own: then it is the last whom we know.
      if (address === undefined || isIP(address) === 0) break;
      origin.address = plainAddress(address);
    }
    return origin;
  }

  return {
    addressOf: (req) => findOrigin(req).address,
    isSecure: (req) => findOrigin(req).proto === 'https',
    hostOf: (req) => findOrigin(req).host ?? req.headers.host,
    forwardedHostOf: (req) => (apiTrustedProxies.length === 0 ? undefined : findOrigin(req).host),
    peerOf(socket) {
      const address = plainAddress(socket.remoteAddress ?? '');
      return isTrustedProxy(address) ? undefined : address;
    },
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** Bound to `::`, Node writes the addresses of IPv4 as ::ffff:192.0.2.1; one client must not have two names. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
