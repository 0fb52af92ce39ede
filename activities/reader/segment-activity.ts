import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { SegmentDependencies, SegmentInput, SegmentResult } from '#activities/reader/segment.ts';
import { runSegment } from '#activities/reader/run-segment.ts';
import { Failure } from '#domain/failures.ts';

/** A wrong key or a missing bucket is for a person to mend; until then there is no point in asking every second. */
const mendedByPeopleRetry = '10s';

/**
 * The activity of a reader's queue. Cancellation (pause, rescale) and worker shutdown end it at the next commit and let
 * it complete, so that the supervisor simply starts the next segment. Whatever fails is retried: a reader holds its
 * checkpoint through any outage, and only people end it.
 */
export function makeSegmentActivities(dependencies: SegmentDependencies): { runSegment: (input: SegmentInput) => Promise<SegmentResult> } {
  return {
    async runSegment(input) {
      const context = Context.current();
      try {
        return await runSegment(dependencies, input, context.cancellationSignal, (partitions) => {
          context.heartbeat(partitions.map(({ topic, partition, to, lag }) => ({ topic, partition, to, lag })));
        });
      } catch (error) {
        if (!(error instanceof Failure) || error.canRetry) throw error;
        throw ApplicationFailure.create({
          type: error.kind,
          message: error.message,
          nonRetryable: false,
          nextRetryDelay: mendedByPeopleRetry,
        });
      }
    },
  };
}
