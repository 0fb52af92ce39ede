import { Context } from '@temporalio/activity';
import type { Progress } from '#activities/batch/progress.ts';
import { noteCleanup } from '#activities/cleanup/cleanup-account.ts';
import { makeStagingSweep } from '#activities/cleanup/discard-abandoned.ts';
import { makeAckSweep } from '#activities/cleanup/expire-acks.ts';
import { makeCutSweep } from '#activities/cleanup/expire-cuts.ts';
import { makeOutcomeUseSweep } from '#activities/cleanup/expire-outcome-use.ts';
import { makeOutcomeSweep } from '#activities/cleanup/expire-outcomes.ts';
import { makeRefusalSweep } from '#activities/cleanup/expire-refusals.ts';
import { makeBatchFold } from '#activities/cleanup/fold-stream-batches.ts';
import { makeAckMerge } from '#activities/cleanup/merge-acks.ts';
import { inTurn, readStoredPartitions } from '#activities/cleanup/partitions.ts';
import type { Sweep, SweepLimits, Swept } from '#activities/cleanup/sweep.ts';
import { sweepAll } from '#activities/cleanup/sweep.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import type { CleanupTarget } from '#domain/retention.ts';
import { isCleanupTarget } from '#domain/retention.ts';

export type CleanupActivities = {
  /** Removes what is out of retention of one target, or as much as its time allows. */
  cleanUp(input: { target: string; run: string }): Promise<Swept>;
};

export type CleanupDependencies = { config: Config; postgres: Postgres; s3: S3 };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Acked ranges that are younger are left to the door, whose flush may still be repeated. */
const ackSettleMs = 60_000;

/** Rows of one step: some milliseconds of work, so that no writer waits long. */
const limitsDefault: SweepLimits = { rowsMax: 1_000, budgetMs: 30_000 };

/** Makes the activities of `pin-cleanup`. They beat with every step that they finish, and while they wait for one. */
export function makeCleanupActivities(dependencies: CleanupDependencies): CleanupActivities {
  return {
    cleanUp(input) {
      const context = Context.current();
      return cleanUp(dependencies, input, { signal: context.cancellationSignal, beat: (details) => context.heartbeat(details) });
    },
  };
}

/**
 * Cleans up one target. May die anywhere and run twice, or twice at once: each step is a transaction of its own that
 * removes what is out of retention at that moment.
 */
export async function cleanUp(
  dependencies: CleanupDependencies,
  { target, run }: { target: string; run: string },
  progress: Progress,
  limits = limitsDefault,
): Promise<Swept> {
  if (!isCleanupTarget(target))
    throw new Failure('configuration', `This worker knows no clean-up of ${target}: it is older than the schedule; start the newer code.`);
  const { postgres } = dependencies;
  try {
    const swept = await sweepAll(makeSweep(dependencies, target), limits, progress);
    await noteCleanup(postgres, { run, target, removed: swept.removed, problem: null });
    return swept;
  } catch (error) {
    // Where Postgres itself is what fails, the workflow's failure says so.
    await noteCleanup(postgres, { run, target, removed: 0, problem: problemOf(error) }).catch(() => undefined);
    throw error;
  }
}

function makeSweep({ config, postgres, s3 }: CleanupDependencies, target: CleanupTarget): Sweep {
  switch (target) {
    case 'door_ack':
      return inTurn(async () => [
        makeAckMerge(postgres, ackSettleMs),
        ...(await readStoredPartitions(postgres, ['landing', 'stream'])).map((one) =>
          makeAckSweep(postgres, one, config.retentionAckDays * dayMs),
        ),
      ]);
    case 'stream_batch':
      return inTurn(async () =>
        (await readStoredPartitions(postgres, ['stream'])).map((one) =>
          makeBatchFold(postgres, one, config.retentionStreamBatchDays * dayMs),
        ),
      );
    case 'cut':
      return makeCutSweep(postgres, config.retentionCutDays * dayMs);
    case 'staging':
      return makeStagingSweep({ s3, postgres, keepMs: config.retentionStagingHours * hourMs });
    case 'idempotency':
      return makeOutcomeSweep(postgres, config.retentionIdempotencyHours * hourMs);
    case 'idempotency_use':
      return makeOutcomeUseSweep(postgres, config.retentionIdempotencyHours * hourMs);
    case 'door_refusal':
      return makeRefusalSweep(postgres, config.retentionRefusalDays * dayMs);
  }
}

/** A failure's sentence holds no data; of others only the name is kept. */
function problemOf(error: unknown): string {
  if (error instanceof Failure) return `${error.kind}: ${error.message}`.slice(0, 1_000);
  return error instanceof Error ? error.name : 'unknown';
}
