import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '#domain/failures.ts';

/** What one try came to: done, or worth another one, after at least `waitMs` if the other side asked for it. */
export type Attempt<Result> = { done: Result } | { again: string; waitMs?: number };

export type RetryReport = {
  /** Once when things begin to fail, and once when they work again. */
  trouble: (line: string) => void;
  /** At every try after the first. */
  retried: () => void;
};

const firstDelayMs = 100;
const delayMaxMs = 5_000;
const askedDelayMaxMs = 30_000;
/** How long one event is tried before the emulator gives up: longer than any restart, shorter than a night. */
const patienceMs = 15 * 60_000;

/**
 * Makes the retrying of one emulator: its lanes share one notion of "the other side is down", so that an outage is told
 * in two lines however many requests it hits.
 */
export function makeRetry(report: RetryReport, signal: AbortSignal) {
  let downSinceMs: number | undefined;

  function tellDown(reason: string): void {
    if (downSinceMs !== undefined) return;
    downSinceMs = performance.now();
    report.trouble(`${reason}: trying again`);
  }

  function tellUp(): void {
    if (downSinceMs === undefined) return;
    report.trouble(`works again after ${((performance.now() - downSinceMs) / 1_000).toFixed(1)} s`);
    downSinceMs = undefined;
  }

  /**
   * Tries until it is done, waiting 100 ms, 200 ms, ... up to 5 s in between, or as long as the other side says.
   * @throws Failure `unavailable` after a quarter of an hour.
   */
  return async function untilDone<Result>(attempt: () => Promise<Attempt<Result>>): Promise<Result> {
    const giveUpAtMs = performance.now() + patienceMs;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(2 * delayMs, delayMaxMs)) {
      signal.throwIfAborted();
      const outcome = await attempt();
      if ('done' in outcome) {
        tellUp();
        return outcome.done;
      }
      signal.throwIfAborted();
      tellDown(outcome.again);
      if (performance.now() > giveUpAtMs)
        throw new Failure('unavailable', `${outcome.again}, for ${patienceMs / 60_000} minutes now: the emulator gives up.`);
      await sleep(Math.max(delayMs, Math.min(outcome.waitMs ?? 0, askedDelayMaxMs)), undefined, { signal });
      report.retried();
    }
  };
}

export type Retry = ReturnType<typeof makeRetry>;
