import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RequestHandler } from 'express';
import express from 'express';
import type { Answer } from '#api/answers/answer.ts';
import { builtPage, makePage } from '#api/page/page-files.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import type { OpenDoor } from '#test/api/open-door.ts';
import { openDoor } from '#test/api/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

type Chunk = { file: string; css?: string[]; imports?: string[]; isEntry?: boolean };
const manifest = JSON.parse(readFileSync(join(builtPage, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>;

/** A chunk with all that it loads at once. */
function filesOf(name: string, found = new Set<string>()): Set<string> {
  const { file, css = [], imports = [] } = manifest[name]!;
  if (found.has(file)) return found;
  for (const one of [file, ...css]) found.add(one);
  for (const one of imports) filesOf(one, found);
  return found;
}

test('the first view is at most 250 kB compressed', () => {
  const files = new Set([...filesOf('index.html'), ...filesOf('views/flow/flow-view.tsx')]);
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(builtPage, file))).length, 0);
  assert.ok(files.size > 2 && bytes < 250_000, `${bytes} bytes in ${files.size} files`);
});

test('the page is the same HTML at each view, runs nothing inline and loads nothing from elsewhere', async () => {
  const texts = await Promise.all(
    ['/', '/view/offsets', '/view/intervals/2026-01-31T12:00:00Z'].map(async (path) => (await fetch(door.url + path)).text()),
  );
  assert.equal(new Set(texts).size, 1);
  assert.doesNotMatch(texts[0]!, /<script(?![^>]+\bsrc=)|<style|\bon\w+=|https?:/);
  const policy = (await fetch(door.url)).headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'.*script-src 'self';/);
});

test('files are kept for good by their names, the HTML is asked for again; nothing else is served', async () => {
  const { file } = manifest['index.html']!;
  assert.match((await fetch(`${door.url}/${file}`)).headers.get('cache-control') ?? '', /immutable/);
  assert.equal((await fetch(door.url)).headers.get('cache-control'), 'no-cache');
  for (const path of [
    '/assets/nothing.js',
    '/assets/..%2fmanifest.json',
    '/assets/..%2f..%2fpackage.json',
    '/.vite/manifest.json',
    '/index.html',
  ])
    assert.equal((await fetch(door.url + path)).status, 404, path);
});

test('where the page is not built a sentence says how it is', async () => {
  const app = express();
  const say =
    (answer: Answer): RequestHandler =>
    (_req, res) =>
      void res.status(answer.status).type('text').send(answer.body);
  app.get('/', makePage(makeTestFolder(), { say, notFound: (_req, res) => void res.sendStatus(404) }).html);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /npm run build:page/);
  server.close();
});
