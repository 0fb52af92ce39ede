import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '#domain/failures.ts';
import type { Child } from './child.ts';

const POLL_MS = 25;

/**
 * Asks again and again until a process says that it is ready.
 * @throws Failure `unavailable` with the tail of its log when it ends first or takes too long.
 */
export async function waitUntilReady(
  child: Child,
  process: { title: string; isReady(): Promise<boolean> },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  while (!child.hasExited() && Date.now() < giveUpAt) {
    signal.throwIfAborted();
    if (await process.isReady()) return;
    await Promise.race([sleep(POLL_MS), child.exited]);
  }
  signal.throwIfAborted();
  const what = child.hasExited() ? `${await child.exited} before it was ready` : `was not ready within ${timeoutMs / 1000} s`;
  throw failureOf(child, process.title, what);
}

/** The sentence about a process that did not do what it was started for, with the end of its log. */
export function failureOf(child: Child, title: string, what: string): Failure {
  return new Failure('unavailable', `${title} ${what}. The end of its log (${child.logFile}):\n${child.tail() || '(it logged nothing)'}`);
}
