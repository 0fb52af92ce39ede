import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WorkerOptions } from '@temporalio/worker';
import { callerEnvironment } from '#adapters/config.ts';
import type { Log } from '#adapters/log.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/**
 * All that a bundle is made of (test/tidy/workflow-bundle.test.ts). Of packages what is wanted, and what npm says is installed, which
 * may be something else: package.json moves before npm install does, and packages have packages. Either may be absent.
 */
const sources = [
  'package.json',
  'package-lock.json',
  'node_modules/.package-lock.json',
  'workers/bundle-workflows.ts',
  'workflows/**/*.ts',
  'domain/**/*.ts',
];
const keptMost = 5;

/** Where the workflows' code is: `Worker.create` takes either. */
export type WorkflowCode = Pick<WorkerOptions, 'workflowBundle'> | Pick<WorkerOptions, 'workflowsPath'>;

/**
 * The workflows as one file, bundled once for each state of their sources and kept in the cache folder. Bundling takes two
 * seconds of CPU, which a worker that was killed is missed for, and 150 MB that a process never gives back: it is done in
 * a process of its own.
 * @returns the sources' path where the bundle cannot be kept: the SDK then bundles in this process.
 */
export async function obtainWorkflowCode(cacheFolder: string, log: Log): Promise<WorkflowCode> {
  const codePath = join(cacheFolder, 'workflows', `${hashOfSources()}.js`);
  try {
    if (!existsSync(codePath)) await bundleInto(codePath);
    return { workflowBundle: { codePath } };
  } catch (error) {
    log.warn('the bundle of the workflows cannot be kept; it is made anew at each start', { codePath, error: (error as Error).message });
    return { workflowsPath: join(root, 'workflows', 'index.ts') };
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of globSync(sources, { cwd: root }).toSorted()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

async function bundleInto(codePath: string): Promise<void> {
  const folder = dirname(codePath);
  mkdirSync(folder, { recursive: true });
  const script = fileURLToPath(new URL('bundle-workflows.ts', import.meta.url));
  await promisify(execFile)(process.execPath, [script, join(root, 'workflows', 'index.ts'), codePath], { env: callerEnvironment() });
  removeOldest(folder);
}

/** Another worker may bundle, rename and remove beside this one. */
function removeOldest(folder: string): void {
  const bundles = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path, mtimeMs: found.mtimeMs }];
  });
  for (const { path } of bundles.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(keptMost)) rmSync(path, { force: true });
}
