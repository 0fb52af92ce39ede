import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { quietLog } from '#test/support/environment.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import type { Checkout } from '#test/workers/checkout.ts';
import { makeCheckout } from '#test/workers/checkout.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';

/** No folder, so that nothing can be kept in it. */
const noFolder = join(makeTestFolder(), 'no-folder');
writeFileSync(noFolder, '');

async function codePathIn(folder: string): Promise<string> {
  const code = await obtainWorkflowCode(folder, quietLog);
  assert.ok('workflowBundle' in code && code.workflowBundle !== undefined && 'codePath' in code.workflowBundle, JSON.stringify(code));
  return code.workflowBundle.codePath;
}

test('the workflows are bundled once, whoever asks, and a few bundles are kept', async () => {
  const folder = makeTestFolder();
  const kept = join(folder, 'workflows');
  mkdirSync(kept);
  for (let age = 1; age <= 8; age++) {
    const old = join(kept, `old-${age}.js`);
    writeFileSync(old, '');
    utimesSync(old, 1_000 - age, 1_000 - age);
  }
  const [path, again] = await Promise.all([codePathIn(folder), codePathIn(folder)]);
  assert.equal(again, path);
  assert.equal(dirname(path), kept);
  assert.ok(statSync(path).size > 100_000);
  assert.deepEqual(
    readdirSync(kept).filter((name) => name.startsWith('old-')),
    ['old-1.js', 'old-2.js', 'old-3.js', 'old-4.js'],
  );
  utimesSync(path, 2_000, 2_000);
  assert.equal(await codePathIn(folder), path);
  assert.equal(statSync(path).mtimeMs, 2_000_000, 'it was bundled again');
});

test('where a bundle cannot be kept, the sources are named and why', async () => {
  const warnings: unknown[] = [];
  const code = await obtainWorkflowCode(noFolder, { ...quietLog, warn: (_, fields) => void warnings.push(fields) });
  assert.match(('workflowsPath' in code ? code.workflowsPath : undefined) ?? '', /workflows\/index\.ts$/);
  assert.match(JSON.stringify(warnings), /ENOTDIR/);
});

/** The name of the bundle that a checkout has now; it is told without one being made where it cannot be kept. */
async function nameIn(checkout: Checkout): Promise<unknown> {
  const names: unknown[] = [];
  await checkout.obtainWorkflowCode(noFolder, { ...quietLog, warn: (_, fields) => void names.push(fields?.['codePath']) });
  assert.equal(names.length, 1);
  return names[0];
}

test('a bundle is kept for one state of the sources and of the packages, wanted and installed', async () => {
  const checkout = await makeCheckout();
  const names = [await nameIn(checkout)];
  assert.deepEqual([await nameIn(checkout)], names);
  for (const file of ['package.json', 'package-lock.json', 'node_modules/.package-lock.json', 'workflows/reader.ts', 'domain/terms.ts']) {
    appendFileSync(checkout.pathOf(file), '\n');
    names.push(await nameIn(checkout));
  }
  for (const file of ['package-lock.json', 'node_modules/.package-lock.json']) {
    rmSync(checkout.pathOf(file));
    names.push(await nameIn(checkout));
  }
  assert.equal(new Set(names).size, names.length, names.join('\n'));
});
