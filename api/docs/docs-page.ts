import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RequestHandler, Response } from 'express';
import express from 'express';

const ours = join(import.meta.dirname, 'page');
const swaggerUi = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui.css')));

/** All that the page loads: file, and the folder that it is served from. */
const folderOfFile = new Map([
  ['start.js', ours],
  ['swagger-ui.css', swaggerUi],
  ['swagger-ui-bundle.js', swaggerUi],
  ['favicon-32x32.png', swaggerUi],
]);

/** Nothing from elsewhere, nothing inline. Swagger UI draws its icons from data: URLs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * `GET /docs`: Swagger UI over `/openapi.json`, served from this machine alone. Browsers keep the files and ask with an
 * ETag whether they changed.
 */
export function makeDocsPage(notFound: RequestHandler): { page: RequestHandler; file: RequestHandler } {
  const serve = new Map(
    [ours, swaggerUi].map((folder) => [folder, express.static(folder, { index: false, redirect: false, acceptRanges: false, setHeaders })]),
  );
  const send =
    (folder: string, name: string): RequestHandler =>
    (req, res, next) => {
      req.url = `/${name}`;
      serve.get(folder)!(req, res, next);
    };
  return {
    page: send(ours, 'index.html'),
    file: (req, res, next) => {
      const name = String(req.params['file']);
      const folder = folderOfFile.get(name);
      return folder === undefined ? notFound(req, res, next) : send(folder, name)(req, res, next);
    },
  };
}

function setHeaders(res: Response): void {
  res.setHeader('Content-Security-Policy', contentSecurityPolicy);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'no-referrer');
}
