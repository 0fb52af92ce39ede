import type { ActivityOptions } from '@temporalio/common';

/** All timeouts and retry policies. Failure kinds that a retry cannot help arrive as non-retryable. */

/** What a segment may take beyond its length: taking partitions, and the last commit. */
const segmentSlackMs = 120_000;

/**
 * A segment of a reader. Its retry never backs off (coefficient 1): a killed worker's slots are back within heartbeat
 * timeout + 1 s, however often it is killed. Unlimited: an outage holds the position, it does not end the reader.
 */
export function segmentOptions(segmentMs: number): ActivityOptions {
  return {
    startToCloseTimeout: segmentMs + segmentSlackMs,
    heartbeatTimeout: '10s',
    retry: { initialInterval: '1s', backoffCoefficient: 1 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  };
}
