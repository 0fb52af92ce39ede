import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
const workflowsPath = join(root, 'workflows', 'index.ts');
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
  const folder = join(cacheFolder, 'workflows');
  const codePath = join(folder, nameOfSources());
  try {
    if (!noteUse(codePath)) {
      await bundleInto(codePath);
      removeOldest(folder, log);
    }
    return { workflowBundle: { codePath } };
  } catch (error) {
    log.warn('the bundle of the workflows cannot be kept; it is made anew at each start', { codePath, error: (error as Error).message });
    return { workflowsPath };
  }
}

function nameOfSources(): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of globSync(sources, { cwd: root }).toSorted()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return `${hash.digest('hex')}.js`;
}

/** Whether a bundle is there. It becomes the newest, so that nobody removes it before it is read. */
function noteUse(codePath: string): boolean {
  const now = new Date();
  try {
    utimesSync(codePath, now, now);
    return true;
  } catch {
    // Somebody else's, or on a disk that is read only, it can be used all the same.
    return existsSync(codePath);
  }
}

/** The bundle appears as a whole or not at all, and nothing is left of one that failed. */
async function bundleInto(codePath: string): Promise<void> {
  mkdirSync(dirname(codePath), { recursive: true });
  const script = fileURLToPath(new URL('bundle-workflows.ts', import.meta.url));
  const aside = `${codePath}.${randomUUID()}`;
  try {
    await promisify(execFile)(process.execPath, [script, workflowsPath, aside], { env: callerEnvironment() });
    // A checkout that was switched meanwhile would be kept under the name of the other one, for good.
    if (nameOfSources() !== basename(codePath)) throw new Error('the sources changed while they were bundled');
    renameSync(aside, codePath);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** What cannot be removed takes nothing from the bundle that was made. */
function removeOldest(folder: string, log: Log): void {
  orWarn(log, folder, () => {
    for (const path of oldestIn(folder)) orWarn(log, path, () => rmSync(path, { force: true }));
  });
}

/** Older than the bundles that are kept. Another worker may bundle, rename and remove beside this one: what it has aside is young. */
function oldestIn(folder: string): string[] {
  const bundles = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path, mtimeMs: found.mtimeMs }];
  });
  const newestFirst = bundles.toSorted((a, b) => b.mtimeMs - a.mtimeMs);
  const lastKept = newestFirst.filter(({ path }) => path.endsWith('.js'))[keptMost - 1];
  return newestFirst.flatMap(({ path, mtimeMs }) => (lastKept !== undefined && mtimeMs < lastKept.mtimeMs ? [path] : []));
}

function orWarn(log: Log, path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn('old bundles of the workflows cannot be removed: remove them by hand', { path, error: (error as Error).message });
  }
}
