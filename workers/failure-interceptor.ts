import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { Failure } from '#domain/failures.ts';

/**
 * Turns our failures into Temporal's, once for all activities: the kind becomes the type, and kinds that a retry cannot
 * help are marked so. Driver errors stay behind: their text may quote data.
 */
export const translateFailures: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        throw ApplicationFailure.create({ type: error.kind, message: error.message, nonRetryable: !error.canRetry });
      }
    },
  },
});
