import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { callerEnvironment } from '#adapters/config.ts';
import { ensurePage } from '#stack/build-page.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import { root, trackedFiles } from '#test/tidy/tracked-files.ts';

const project = makeTestFolder();
const html = join(project, 'web', 'built', 'index.html');
const ensure = (): Promise<void> => ensurePage(callerEnvironment(), new AbortController().signal, project);

before(() => {
  const needed = trackedFiles.filter(
    (path) => path.startsWith('web/') || ['package.json', 'package-lock.json', 'tsconfig.json'].includes(path),
  );
  for (const path of needed) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    cpSync(join(root, path), join(project, path));
  }
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
});

test('the page is built once for the same sources, and again when one changes', async () => {
  await ensure();
  assert.match(readFileSync(html, 'utf8'), /\/assets\//);
  writeFileSync(html, 'as it was built');
  await ensure();
  assert.equal(readFileSync(html, 'utf8'), 'as it was built');
  appendFileSync(join(project, 'web', 'main.tsx'), '\n// Changed.\n');
  await ensure();
  assert.match(readFileSync(html, 'utf8'), /\/assets\//);
});

test('a build that died at any step is made good by the next', async () => {
  // Half built aside; then also between the removal of the old page and the new one's taking its place.
  mkdirSync(join(project, 'web', '.building'));
  writeFileSync(join(project, 'web', '.building', 'half'), '');
  rmSync(join(project, 'web', 'built'), { recursive: true });
  await ensure();
  assert.match(readFileSync(html, 'utf8'), /\/assets\//);
  assert.equal(existsSync(join(project, 'web', 'built', 'half')), false);
});

test('sources that do not build are named, and the page that was built stays', async () => {
  const main = join(project, 'web', 'main.tsx');
  const good = readFileSync(main, 'utf8');
  writeFileSync(main, `${good}\nimport './nowhere.ts';\n`);
  await assert.rejects(ensure(), /nowhere\.ts/);
  assert.match(readFileSync(html, 'utf8'), /\/assets\//);
  writeFileSync(main, good);
  await ensure();
});
