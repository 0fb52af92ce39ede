import { isIP } from 'node:net';
import { z } from 'zod';

/** A setting: its name in the environment, what it may say and what it is when unset, and a sentence for the documents. */
export type Setting = { env: string; schema: z.ZodType; about: string; secret?: boolean };
export type Settings = Record<string, Setting>;

export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
export const port = z.coerce.number().int().min(1).max(65_535);
export const positive = z.coerce.number().int().positive();
export const optionalText = z.string().min(1).optional();
export const httpUrl = z.url({ protocol: /^https?$/, error: 'a URL that begins with http:// or https://' });

/** Names and addresses as Host has them, without port; in lower case, IPv6 without brackets. */
export const hostNames = z
  .string()
  .transform((text) => listed(text).map((part) => part.toLowerCase().replace(/^\[(.*)\]$/, '$1')))
  .pipe(
    z.array(
      z.string().refine((name) => isIP(name) > 0 || /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name), {
        error: ({ input }) => `${JSON.stringify(input)} is no host name or address: write it without scheme and port`,
      }),
    ),
  );

/** Addresses and networks (`10.0.0.0/8`). */
export const networks = z
  .string()
  .transform(listed)
  .pipe(
    z.array(
      z.string().refine(isNetwork, {
        error: ({ input }) => `${JSON.stringify(input)} is no address and no network: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32`,
      }),
    ),
  );

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family > 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128);
}

/** The parts of a comma-separated list; none for what is empty. */
function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
