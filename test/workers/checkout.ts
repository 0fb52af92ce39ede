import { copyFileSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeTestFolder } from '#test/support/stack-home.ts';
import type { obtainWorkflowCode } from '#workers/workflow-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const installed = '.package-lock.json';

type Bundles = { obtainWorkflowCode: typeof obtainWorkflowCode };
export type Checkout = Bundles & { pathOf: (file: string) => string };

/** A copy of what workers are made of, with an account of what is installed of its own, so that a test may change them. */
export async function makeCheckout(): Promise<Checkout> {
  const folder = makeTestFolder();
  const pathOf = (file: string): string => join(folder, file);
  for (const one of ['package.json', 'package-lock.json', 'adapters', 'domain', 'workers', 'workflows'])
    cpSync(join(root, one), pathOf(one), { recursive: true });
  mkdirSync(pathOf('node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== installed) symlinkSync(join(root, 'node_modules', name), pathOf(`node_modules/${name}`));
  }
  copyFileSync(join(root, 'node_modules', installed), pathOf(`node_modules/${installed}`));
  const module = pathToFileURL(pathOf('workers/workflow-bundle.ts')).href;
  return { ...((await import(module)) as Bundles), pathOf };
}
