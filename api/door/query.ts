import type { Request } from 'express';

/** What follows the first `?` of the target, whatever form the target has (`/path`, `http://host/path`). Throws nothing. */
export function queryOf(req: Pick<Request, 'url'>): URLSearchParams {
  const at = req.url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : req.url.slice(at + 1));
}
