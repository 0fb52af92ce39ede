import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { textOf } from '../../tidy/tracked-files.ts';
import type { OpenDoor } from '../open-door.ts';
import { openDoor } from '../open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

test('/docs and all that it loads are answered by the door itself', async () => {
  for (const path of ['/docs', '/docs/']) {
    const page = await fetch(door.url + path);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    const html = await page.text();
    const loaded = [...html.matchAll(/<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"/g)].map(([, target = '']) => target);
    assert.equal(loaded.length, 4);
    for (const target of loaded) {
      assert.match(target, /^\/docs\/[\w.-]+$/, 'no other host is asked');
      const file = await fetch(door.url + target);
      assert.equal(file.status, 200, target);
      assert.ok((await file.arrayBuffer()).byteLength > 0);
      const headers = { 'If-None-Match': file.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' };
      const again = await fetch(door.url + target, { headers });
      assert.equal(again.status, 304, 'what the browser has is not sent again');
    }
  }
});

test('the page may load nothing from elsewhere and run nothing inline', async () => {
  const page = await fetch(`${door.url}/docs`);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none';/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  const html = await page.text();
  assert.doesNotMatch(html, /<style|<script>|\son\w+=|style=/i);
  const start = await (await fetch(`${door.url}/docs/start.js`)).text();
  assert.doesNotMatch(start, /https?:/);
  assert.match(start, /validatorUrl: null/, 'the default sends the document to a server of the authors');
});

test('other files beside those of the page are not served', async () => {
  for (const path of [
    '/docs/package.json',
    '/docs/swagger-ui.css.map',
    '/docs/index.html',
    '/docs/..%2fpackage.json',
    '/docs/__proto__',
    '/docs/a/b',
  ]) {
    const answer = await fetch(door.url + path);
    assert.equal(answer.status, 404, path);
    assert.deepEqual(await answer.json(), { detail: 'Not Found' });
  }
  const posted = await door.post('/docs', '{}');
  assert.equal(posted.status, 405);
  assert.equal(posted.headers.get('allow'), 'GET, HEAD');
});

test('installing the page tells nobody', () => {
  const { allowScripts, scarfSettings } = JSON.parse(textOf('package.json')) as {
    allowScripts: Record<string, boolean>;
    scarfSettings: { enabled: boolean };
  };
  // swagger-ui-dist brings @scarf/scarf, whose install script reports each installation to its vendor.
  assert.equal(allowScripts['@scarf/scarf'], false);
  assert.equal(scarfSettings.enabled, false);
});
