import { join } from 'node:path';
import type { RequestHandler, Response } from 'express';
import express from 'express';
import type { Answer } from '#api/answers/answer.ts';

/** Where `npm run build:page` puts the page. */
export const builtPage = join(import.meta.dirname, '..', '..', 'web', 'built');

/** Nothing from elsewhere, and no script or style sheet inline. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // CodeMirror places its completions by style attributes.
  "style-src-attr 'unsafe-inline'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const notBuilt: Answer = {
  status: 503,
  body: 'The page is not built: run npm run build:page (npm start does it) and load this again. What it shows is below /api/, too.\n',
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
};

/**
 * The page: its HTML for every path that is a view's, and the files that it loads, whose names tell their content, so that
 * browsers keep them for good. `say` answers where the page is not built.
 */
export function makePage(
  folder: string,
  { say, notFound }: { say: (answer: Answer) => RequestHandler; notFound: RequestHandler },
): { html: RequestHandler; file: RequestHandler; icon: RequestHandler } {
  const serve = express.static(folder, { index: false, redirect: false, acceptRanges: false, cacheControl: false, setHeaders });
  const send =
    (nameOf: (path: string) => string, otherwise: RequestHandler): RequestHandler =>
    (req, res, next) => {
      req.url = nameOf(req.path);
      serve(req, res, () => otherwise(req, res, next));
    };
  return {
    html: send(() => '/index.html', say(notBuilt)),
    file: send((path) => path, notFound),
    icon: send(() => '/icon.svg', notFound),
  };
}

const year = 31_536_000;

function setHeaders(res: Response, path: string): void {
  res.setHeader('Content-Security-Policy', contentSecurityPolicy);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'no-referrer');
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  res.setHeader('Cache-Control', path.includes('/assets/') ? `public, max-age=${year}, immutable` : 'no-cache');
}
