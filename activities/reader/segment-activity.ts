import { Context } from '@temporalio/activity';
import type { SegmentDependencies, SegmentInput, SegmentResult } from '#activities/reader/run-segment.ts';
import { runSegment } from '#activities/reader/run-segment.ts';

/**
 * The activity of a reader's queue. Cancellation (pause, rescale) and worker shutdown end it at the next commit and let
 * it complete, so that the supervisor simply starts the next segment.
 */
export function makeSegmentActivities(dependencies: SegmentDependencies): { runSegment: (input: SegmentInput) => Promise<SegmentResult> } {
  return {
    async runSegment(input) {
      const context = Context.current();
      return runSegment(dependencies, input, context.cancellationSignal, (partitions) => {
        context.heartbeat(partitions.map(({ topic, partition, to, lag }) => ({ topic, partition, to, lag })));
      });
    },
  };
}
