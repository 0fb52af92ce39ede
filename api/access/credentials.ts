import type { IncomingMessage } from 'node:http';

/** Where a browser trades a key for the cookie of its session. */
export const loginPath = '/login';
export const sessionCookie = 'pinflow_session';

/** What a request shows for itself. A header goes before a cookie: whoever sends one means it. */
export type Credentials = { secret: string; by: 'header' | 'cookie' };

const bearer = /^bearer +(\S+) *$/i;

export function readCredentials(req: IncomingMessage): Credentials | undefined {
  const { authorization, 'x-api-key': apiKey } = req.headers;
  if (authorization !== undefined) {
    const secret = bearer.exec(authorization)?.[1];
    if (secret !== undefined) return { secret, by: 'header' };
  }
  if (typeof apiKey === 'string') return { secret: apiKey, by: 'header' };
  const session = readSessionCookie(req);
  return session === undefined ? undefined : { secret: session, by: 'cookie' };
}

export function readSessionCookie(req: IncomingMessage): string | undefined {
  for (const pair of req.headers.cookie?.split(';') ?? []) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === sessionCookie && value !== undefined) return value.trim();
  }
  return undefined;
}
