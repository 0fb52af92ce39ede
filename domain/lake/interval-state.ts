/**
 * The states of an interval in the ledger:
 *
 *   cut          ready to run
 *   running      a run works on it (run_id says which)
 *   waiting      landing is behind its cut; run again at the next tick
 *   backing_off  a run failed; run again after not_before
 *   held         gave up, or a check failed; the previous generation serves until a person runs it again
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
  waiting: ['running'],
  backing_off: ['running'],
  held: ['running'],
  complete: ['running'],
};

export function canFollow(from: IntervalState, to: IntervalState): boolean {
  return successors[from].includes(to);
}

/** Runs of an interval that may fail before it is held. */
export const attemptsMax = 5;

const firstBackOffMs = 15_000;
const backOffMsMax = 900_000;

/**
 * What a failed run leaves behind. A failure that a retry cannot help holds the interval at once.
 * @param attempts failed runs, this one included.
 */
export function afterFailure(
  attempts: number,
  canRetry: boolean,
  nowMs: number,
): { state: 'backing_off'; notBeforeMs: number } | { state: 'held' } {
  if (!canRetry || attempts >= attemptsMax) return { state: 'held' };
  return { state: 'backing_off', notBeforeMs: nowMs + Math.min(firstBackOffMs * 4 ** (attempts - 1), backOffMsMax) };
}
