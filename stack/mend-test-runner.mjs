import hooks from 'node:async_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * Preloaded (`node --import`) into every test file's process, for two things that Node's runner has no option against
 * (docs/decisions/0004-mended-test-runner.md).
 */
// Preloads reach threads, too: those of workflows meet their errors themselves.
if (process.env.NODE_TEST_CONTEXT !== undefined && isMainThread) {
  trackNoPromises();
  reportToTheEnd();
}

/**
 * It follows every promise, to name the test in which an error was thrown that nobody caught: that took a quarter of the CPU
 * time of tests that await much. Everything but promises is enough to tell whose hooks and tests are whose, and such an error
 * ends its file at once.
 */
function trackNoPromises() {
  const { createHook } = hooks;
  hooks.createHook = (callbacks) => createHook(isCalledByRunner() ? { ...callbacks, trackPromises: false } : callbacks);
  // Before the runner's own listeners, which would wait for the end of a test that may wait for ever.
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => endFile(event, error));
}

/** Told to force the exit, it exits before the pipe to its parent has taken the whole report (nodejs/node#64833). */
function reportToTheEnd() {
  const { exit } = process;
  process.exit = (code) => (isCalledByRunner() ? process.stdout.write('', () => exit(code)) : exit(code));
}

/** Whether the function that asks was called by the runner itself, not by a test that the runner called. */
function isCalledByRunner() {
  const [, , , caller = ''] = new Error().stack.split('\n');
  return caller.includes('node:internal/test_runner');
}

function endFile(event, error) {
  process.stderr.write(`${event}, which ends this file: ${error?.stack ?? error}\n`);
  process.exit(1);
}
