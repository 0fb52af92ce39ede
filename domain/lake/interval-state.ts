import type { FailureCause } from '#domain/failures.ts';
import { backOffMs } from '#domain/lake/back-off.ts';

/**
 * The states of an interval in the ledger:
 *
 *   cut          ready to run
 *   running      a run works on it (run_id says which)
 *   waiting      landing is behind its cut; run again at the next tick, or after not_before
 *   backing_off  a run failed; run again after not_before
 *   held         its data or our code is at fault; the previous generation serves until a person lets it go
 *   complete     published, unchanged or empty
 */
export const intervalStates = ['cut', 'running', 'waiting', 'backing_off', 'held', 'complete'] as const;
export type IntervalState = (typeof intervalStates)[number];

/** States that the tick works off by itself; `backing_off` only after not_before. */
export const openStates = ['cut', 'running', 'waiting', 'backing_off'] as const satisfies readonly IntervalState[];

const successors: Record<IntervalState, readonly IntervalState[]> = {
  cut: ['running', 'complete'],
  // To itself: a run takes over from one that died.
  running: ['running', 'waiting', 'backing_off', 'held', 'complete'],
  // To cut: a person asks for it, now.
  waiting: ['running', 'cut'],
  backing_off: ['running', 'cut'],
  held: ['running', 'cut'],
  complete: ['running'],
};

export function canFollow(from: IntervalState, to: IntervalState): boolean {
  return successors[from].includes(to);
}

/** States in which a person may ask for an interval to be tried again: it neither runs nor is done. */
export function canBeRetried(state: IntervalState): boolean {
  return state === 'cut' || canFollow(state, 'cut');
}

/** Runs that may fail through a fault of the code before the interval is held. */
export const attemptsMax = 5;

/** Runs in a row that did not end well: `attempts` those that count towards being held, `failures` all, late landing included. */
export type FailedRuns = { attempts: number; failures: number };

/**
 * What a failed run leaves behind. Data that is wrong holds the interval at once, code that fails after `attemptsMax`
 * runs. A cause outside never does: it says nothing about the interval, which is tried again for ever, at growing
 * distances up to a bound.
 */
export function afterFailure(
  before: FailedRuns,
  cause: FailureCause,
  nowMs: number,
): FailedRuns & ({ state: 'backing_off'; notBeforeMs: number } | { state: 'held' }) {
  const attempts = before.attempts + (cause === 'outside' ? 0 : 1);
  const failures = before.failures + 1;
  if (cause === 'data' || (cause === 'code' && attempts >= attemptsMax)) return { attempts, failures, state: 'held' };
  return { attempts, failures, state: 'backing_off', notBeforeMs: nowMs + backOffMs(failures) };
}
