import { BlockList, isIP } from 'node:net';
import type { Config } from '#adapters/config.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine reaches what is bound to the host. A name other than localhost may be anything. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host.toLowerCase() === 'localhost' : loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Whether requests need a key: `auto` asks for keys exactly where others than this machine reach the API, judged by what
 * it is bound to. In a container it must be bound to all addresses, and only whoever publishes its port knows who
 * reaches that: they say `local`, or get keys. A proxy in front is there so that others reach it.
 */
export function areKeysRequired({
  apiKeys,
  apiHost,
  apiTrustedProxies,
}: Pick<Config, 'apiKeys' | 'apiHost' | 'apiTrustedProxies'>): boolean {
  return apiKeys === 'required' || (apiKeys === 'auto' && (!isLoopback(apiHost) || apiTrustedProxies.length > 0));
}
