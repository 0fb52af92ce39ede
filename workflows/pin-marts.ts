import { condition, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { BatchActivities } from '#activities/batch/make-batch-activities.ts';
import type { MartsResult } from '#activities/batch/refresh-marts.ts';
import { makeNames } from '#domain/names.ts';
import type { BatchInput } from '#workflows/interval-input.ts';
import { heavyStepOptions, stallMs } from '#workflows/policies.ts';
import { wakeSignal } from '#workflows/start-due.ts';

/** Rounds in a row that nobody asked for: workers of two versions of the code would otherwise take turns for ever. */
const roundsMax = 5;

/** Least distance between two tries, however long the first one took. */
const restMsMin = 1_000;

/**
 * Computes the marts until they are current. There is one at a time, and whoever publishes wakes it, so that many
 * intervals at once cost few computations. A mart that failed is tried again when its time has come, unless a tick comes
 * sooner. Where the step itself fails it ends, and nobody else is troubled: the next publish or tick starts it anew.
 */
export async function pinMarts(input: BatchInput): Promise<MartsResult> {
  const heavy = proxyActivities<BatchActivities>({ ...heavyStepOptions, taskQueue: makeNames(input.prefix).queues.batch });
  let published = false;
  setHandler(wakeSignal, () => {
    published = true;
  });
  for (let round = 0, inRow = 0; ; round++) {
    published = false;
    const result = await heavy.refreshMarts.executeWithOptions(
      { activityId: `marts-${round}`, summary: 'historical metrics over the newest generation' },
      // A publish happens once a run, so each computation is a run of its own.
      [{ run: `${workflowInfo().runId}-${round}`, stallMs: input.stallMs ?? stallMs }],
    );
    if ((isCurrent(result) || inRow >= roundsMax) && !hasPublished()) {
      // Where the next tick comes sooner, it takes care.
      if (result.restMs === undefined || result.restMs >= (input.intervalMs ?? 0)) return result;
      await condition(hasPublished, Math.max(restMsMin, result.restMs));
      inRow = 0;
    } else inRow++;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof pinMarts>(input);
  }

  function hasPublished(): boolean {
    return published;
  }
}

function isCurrent({ outcome }: MartsResult): boolean {
  return outcome === 'current' || outcome === 'none';
}
