import type { Child } from './child.ts';

/** How long to wait before starting again what died: doubling, and from the start again after a healthy while. */
export type Backoff = { firstMs: number; maxMs: number; healthyMs: number };

export type Kept = {
  /** The process as it is now. */
  current(): Child;
  /** Ends it for good. */
  stop(): Promise<void>;
};

/**
 * What lived for ten seconds came up, and something killed it: it is back after a second however often that happens. What
 * dies sooner cannot come up, and is tried ever more rarely.
 */
const defaultBackoff: Backoff = { firstMs: 1_000, maxMs: 30_000, healthyMs: 10_000 };

/**
 * Keeps a process that has started once running: what dies is started again after a backoff, with one line that says
 * so, until it is stopped.
 */
export function keepRunning(first: Child, start: () => Child, say: (line: string) => void, backoff: Backoff = defaultBackoff): Kept {
  let child = first;
  let stopping = false;
  let delayMs = backoff.firstMs;
  let startedAt = Date.now();
  let timer: NodeJS.Timeout | undefined;

  const later = (how: string): void => {
    say(`${child.name} ${how}; starting it again in ${delayMs / 1000} s (its log: ${child.logFile})`);
    timer = setTimeout(startAgain, delayMs);
    delayMs = Math.min(delayMs * 2, backoff.maxMs);
  };
  const startAgain = (): void => {
    startedAt = Date.now();
    try {
      child = start();
      watch();
    } catch (error) {
      // A full disk, above all: it may have room later, and everything else still runs.
      later(`could not be started (${(error as Error).message})`);
    }
  };
  const watch = (): void => {
    void child.exited.then((how) => {
      if (stopping) return;
      if (Date.now() - startedAt >= backoff.healthyMs) delayMs = backoff.firstMs;
      later(how);
    });
  };
  watch();

  return {
    current: () => child,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await child.stop();
    },
  };
}
