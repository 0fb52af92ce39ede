import hooks from 'node:async_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * Preloaded (`node --import`) into every test file's process. Node's runner follows every promise, to name the test in which
 * an error was thrown that nobody caught: that took a quarter of the CPU time of tests that await much, and there is no
 * option against it. Here it follows everything but promises, which is enough to tell whose hooks and tests are whose, and
 * such an error ends its file at once (docs/decisions/0004-tests-track-no-promises.md).
 */
// Preloads reach threads, too: those of workflows meet their errors themselves.
if (process.env.NODE_TEST_CONTEXT !== undefined && isMainThread) {
  const { createHook } = hooks;
  hooks.createHook = (callbacks) => createHook(isRunner(new Error().stack) ? { ...callbacks, trackPromises: false } : callbacks);
  // Before the runner's own listeners, which would wait for the end of a test that may wait for ever.
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => endFile(event, error));
}

function isRunner(stack) {
  return stack.includes('node:internal/test_runner');
}

function endFile(event, error) {
  process.stderr.write(`${event}, which ends this file: ${error?.stack ?? error}\n`);
  process.exit(1);
}
