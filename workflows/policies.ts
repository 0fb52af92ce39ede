import type { ActivityOptions } from '@temporalio/workflow';

/** All timeouts and retry policies. Failure kinds that a retry cannot help arrive as non-retryable. */

/** What a segment may take beyond its length: taking partitions, and the last commit. */
const segmentSlackMs = 120_000;

/** How long a slot without a readable partition rests before it looks again. */
export const idleSlotWait = '30s';

/** How long a slot rests whose segment failed for good: its policy retries whatever a retry may help. */
export const failedSlotWait = '5s';

/**
 * A segment of a reader. Its retry never backs off (coefficient 1): a killed worker's slots are back within heartbeat
 * timeout + 1 s, however often it is killed. Unlimited: an outage holds the checkpoint, it does not end the reader.
 */
export function segmentOptions(segmentMs: number): ActivityOptions {
  return {
    startToCloseTimeout: segmentMs + segmentSlackMs,
    // docs/decisions/0001-segment-heartbeat.md
    heartbeatTimeout: '8s',
    retry: { initialInterval: '1s', backoffCoefficient: 1 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  };
}

/** All steps of the batch beat once a second: those of a killed worker begin anew after this time and the retry's. */
const beatTimeout = '10s';

/** Reading and changing the ledger: short, and repeated until Postgres and Kafka are there. */
export const ledgerOptions: ActivityOptions = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: beatTimeout,
  retry: { initialInterval: '1s', maximumInterval: '15s' },
};

/** Cutting after a long stop looks up many boundaries. */
export const cutOptions: ActivityOptions = { ...ledgerOptions, startToCloseTimeout: '5m' };

/** Waiting on something that another reader or run does; the activity itself ends at the deadline. */
export function waitOptions(waitMs: number): ActivityOptions {
  return { startToCloseTimeout: waitMs + 60_000, heartbeatTimeout: beatTimeout, retry: { initialInterval: '1s', backoffCoefficient: 1 } };
}

/**
 * A look whether an interval has landed: for longer nobody waits who was found waiting before, or whose room others want.
 * Else one partition that stands still would keep the intervals that hold nothing of it from their turn.
 */
export const againWaitMs = 2_000;

/**
 * Intervals that run side by side, by the ledger. Room for one that is slow and others beside it; who waits for landing gives its room to others;
 * after an outage the rest follow one by one. How much is done at once within them, the workers of pin-batch bound.
 */
export const intervalsAtOnce = 3;

/** A short step of an interval's run. After these attempts the run ends, and the ledger decides when it is tried again. */
export const intervalStepOptions: ActivityOptions = {
  startToCloseTimeout: '60s',
  heartbeatTimeout: beatTimeout,
  retry: { initialInterval: '1s', maximumInterval: '10s', maximumAttempts: 5 },
};

/**
 * A step that moves rows through DuckDB. Its process is killed when it stands still (`stallMs`), so that hanging costs
 * `stallMs` an attempt; one that moves has the hour.
 */
export const heavyStepOptions: ActivityOptions = {
  ...intervalStepOptions,
  startToCloseTimeout: '1h',
  retry: { initialInterval: '1s', maximumInterval: '10s', maximumAttempts: 3 },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
};

/** Removing what is old: a call goes on for half a minute, and beats with each of its small deletes and while one waits. */
export const cleanupOptions: ActivityOptions = {
  startToCloseTimeout: '5m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '30s', maximumAttempts: 5 },
};

/**
 * How long a DuckDB process may stand still: no row, no byte, no memory taken. Well above what any phase of a statement
 * does in silence on a busy machine, far below what a hung one would cost otherwise.
 */
export const stallMs = 120_000;
