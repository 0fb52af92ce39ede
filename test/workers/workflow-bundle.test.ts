import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { quietLog } from '#test/support/environment.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import type { Checkout } from '#test/workers/checkout.ts';
import { makeCheckout } from '#test/workers/checkout.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
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
  writeFileSync(join(kept, 'made-beside.js.1'), '');
  writeFileSync(join(kept, 'left-behind.js.1'), '');
  utimesSync(join(kept, 'left-behind.js.1'), 1, 1);
  const foreign = join(kept, 'nothing-to-remove');
  mkdirSync(foreign);
  utimesSync(foreign, 1, 1);
  const [path, again] = await Promise.all([codePathIn(folder), codePathIn(folder)]);
  assert.equal(again, path);
  assert.equal(dirname(path), kept);
  assert.ok(statSync(path).size > 100_000);
  assert.deepEqual(
    readdirSync(kept).filter((name) => name !== basename(path)),
    ['made-beside.js.1', 'nothing-to-remove', 'old-1.js', 'old-2.js', 'old-3.js', 'old-4.js'],
  );
  utimesSync(path, 2_000, 2_000);
  const made = statSync(path);
  assert.equal(await codePathIn(folder), path);
  const used = statSync(path);
  assert.equal(used.ino, made.ino, 'it was bundled again');
  assert.ok(used.mtimeMs > made.mtimeMs, 'it may be removed before it is read');
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

test('a bundle of sources that changed meanwhile is not kept', async () => {
  const checkout = await makeCheckout();
  const folder = makeTestFolder();
  const code = checkout.obtainWorkflowCode(folder, quietLog);
  // It has been named by now.
  appendFileSync(checkout.pathOf('workflows/index.ts'), "export const switched = 'another checkout';\n");
  assert.ok('workflowsPath' in (await code));
  assert.deepEqual(readdirSync(join(folder, 'workflows')), []);
});

test('where the disk is full nothing is left of the bundle', async () => {
  const folder = makeTestFolder();
  const script = `
    import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';
    console.log(JSON.stringify(await obtainWorkflowCode(process.argv[1], { warn: (_, { error }) => console.log(error) })));`;
  const node = [process.execPath, '--input-type=module', '--eval', script, folder];
  // Files of 32 kB at most.
  const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -f 64; exec "$@"', 'sh', ...node], { cwd: root });
  assert.match(stdout, /EFBIG[^]*"workflowsPath"/);
  assert.deepEqual(readdirSync(join(folder, 'workflows')), []);
});
