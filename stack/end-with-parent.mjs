import { isMainThread } from 'node:worker_threads';

/**
 * Preloaded (`node --import`) into every Node process of the stack: when the process that started this one is gone,
 * even by kill -9, ask this one to stop as Ctrl-C would, and insist after twenty seconds. The processes themselves need
 * no code for it. A poll, because the parent's end cannot be subscribed to without taking up stdin.
 */
const POLL_MS = 500;
const INSIST_MS = 20_000;

if (isMainThread) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), INSIST_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  }, POLL_MS);
  timer.unref();
}
