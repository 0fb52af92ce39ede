import type { IncomingMessage } from 'node:http';
import type { Clients } from '#api/access/clients.ts';

const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that a cookie vouches for may be answered: browsers send the cookie whoever wrote the page, so the
 * browser itself must say that the page is ours. What it says counts for reading too: tails hold a place, and a
 * consumer's records move on. Sec-Fetch-Site is sent to trustworthy origins only; Origin is sent with every POST, PUT
 * and DELETE. A program that reads and says neither is no browser.
 */
export function isFromOurPages(req: IncomingMessage, clients: Pick<Clients, 'hostOf'>): boolean {
  const { origin, 'sec-fetch-site': site } = req.headers;
  if (site !== undefined) return site === 'same-origin' || site === 'none' || isFollowedLink(req);
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === clients.hostOf(req)?.toLowerCase();
  return harmless.has(req.method ?? '');
}

/** Whether the browser says that a page of others sent this; a program that says nothing is no browser. */
export function isFromOtherPages(req: IncomingMessage, clients: Pick<Clients, 'hostOf'>): boolean {
  return (req.headers['sec-fetch-site'] !== undefined || req.headers.origin !== undefined) && !isFromOurPages(req, clients);
}

/** Whether a person followed a link to here: the answer is shown to that person and to no page. */
export function isFollowedLink({ method, headers }: IncomingMessage): boolean {
  return (
    (method === 'GET' || method === 'HEAD') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    headers['sec-fetch-user'] === '?1'
  );
}
