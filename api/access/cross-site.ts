import type { IncomingMessage } from 'node:http';

const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that a cookie vouches for may change things: browsers send the cookie whoever wrote the page, so
 * the browser itself must say that the page is ours. Sec-Fetch-Site is sent on trustworthy origins only; Origin is sent
 * with every POST, PUT and DELETE.
 */
export function isFromOurPages(req: IncomingMessage): boolean {
  if (harmless.has(req.method ?? '')) return true;
  const site = req.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin, host } = req.headers;
  return origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** Whether the browser says that a page of others sent this; a program that says nothing is no browser. */
export function isFromOtherPages(req: IncomingMessage): boolean {
  return (req.headers['sec-fetch-site'] !== undefined || req.headers.origin !== undefined) && !isFromOurPages(req);
}
