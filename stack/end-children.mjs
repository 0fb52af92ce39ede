import { subscribe } from 'node:diagnostics_channel';
import { isMainThread } from 'node:worker_threads';
import { identityOf } from '../adapters/lock-file.mjs';

/**
 * Preloaded (`node --import`) into every test file's process: what it started ends with it. A file whose `before` failed
 * never comes to the line that stops its processes. One that nobody told to end also fails the file, by name: where the
 * tests passed it was forgotten.
 */
const children = new Set();
// Preloads reach the runner above the files and the threads below them, too.
const isTestFile = process.env.NODE_TEST_CONTEXT !== undefined && isMainThread;

if (isTestFile) {
  subscribe('child_process', ({ process: child }) => {
    children.add(child);
    child.once('exit', () => children.delete(child));
  });
  process.on('exit', endChildren);
}

function endChildren() {
  for (const child of children) {
    // Without a pid it could not be started; told to end, it may just not have been waited for.
    if (child.pid === undefined || child.killed || identityOf(child.pid) === undefined) continue;
    process.stderr.write(`Left running by the tests, and ended now: ${child.spawnargs.join(' ')} (process ${child.pid})\n`);
    process.exitCode ||= 1;
    child.kill('SIGTERM');
  }
}
