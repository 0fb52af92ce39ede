import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  executeChild,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BatchActivities } from '#activities/batch/make-batch-activities.ts';
import type { OpenInterval } from '#activities/ledger/interval-ledger.ts';
import { inLanes } from '#domain/in-lanes.ts';
import type { IntervalRef } from '#domain/intervals.ts';
import type { TickInput } from '#domain/lake/tick-input.ts';
import { makeNames } from '#domain/names.ts';
import { pinBatchInterval } from '#workflows/batch-interval.ts';
import type { IntervalResult } from '#workflows/interval-input.ts';
import { againWaitMs, heavyStepOptions, ledgerOptions, waitOptions } from '#workflows/policies.ts';

/**
 * The rest of a tick as it was before ticks only started what is due: for those that began then. To be removed, with
 * awaitRun, once none of them runs any more (their histories are kept for the retention of the namespace).
 */
export type WaitedTickResult = {
  manual: boolean;
  cut: number;
  empty: number;
  intervals: IntervalResult[];
  marts: 'refreshed' | 'unchanged' | 'current' | 'none';
};

const intervalsPerTick = 24;
const runsAtOnce = 2;

export async function waitForAll(
  input: TickInput,
  { cut, empty }: { cut: number; empty: number },
  isScheduled: boolean,
  triggeredAt: string,
): Promise<WaitedTickResult> {
  const { queues } = makeNames(input.prefix);
  const ledger = proxyActivities<BatchActivities>({ ...ledgerOptions, taskQueue: queues.control });
  const heavy = proxyActivities<BatchActivities>({ ...heavyStepOptions, taskQueue: queues.batch });

  const open = await ledger.listOpen.executeWithOptions({ activityId: 'list-open', summary: 'the ledger, oldest first' }, [
    { limit: intervalsPerTick },
  ]);
  const manual = !isScheduled || (cut === 0 && open.length === 0);
  upsertSearchAttributes({ PinState: [manual ? 'manual' : 'scheduled'] });
  setCurrentDetails(describe(manual, cut, empty, open, []));
  const intervals = await runAll(input, open);
  if (manual) {
    const last = await ledger.readLast.executeWithOptions(
      { activityId: 'read-last', summary: 'the interval that had closed last by then' },
      [{ by: triggeredAt }],
    );
    if (last !== null && !open.some(({ start }) => start === last.start)) intervals.push(await runInterval(input, last, input.waitMs));
  }
  setCurrentDetails(describe(manual, cut, empty, open, intervals));
  const { outcome: marts } = await heavy.refreshMarts.executeWithOptions(
    { activityId: 'marts', summary: 'historical metrics over the newest generation' },
    [{ run: workflowInfo().runId }],
  );
  return { manual, cut, empty, intervals, marts };
}

async function runAll(input: TickInput, open: readonly OpenInterval[]): Promise<IntervalResult[]> {
  const results = await inLanes(open, runsAtOnce, (one) =>
    runInterval(input, one, one.state === 'waiting' ? Math.min(againWaitMs, input.waitMs) : input.waitMs),
  );
  return results.toSorted((one, other) => one.start.localeCompare(other.start));
}

/** Runs an interval as a child that outlives the tick; where it runs already, waits for what that run leaves in the ledger. */
async function runInterval({ prefix }: TickInput, { start, end }: IntervalRef, waitMs: number): Promise<IntervalResult> {
  const { queues, workflowIds } = makeNames(prefix);
  try {
    return await executeChild(pinBatchInterval, {
      workflowId: workflowIds.interval(start),
      taskQueue: queues.control,
      args: [{ start, end, prefix, waitMs }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `interval ${start}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const wait = proxyActivities<BatchActivities>({ ...waitOptions(waitMs), taskQueue: queues.control });
    const { state } = await wait.awaitRun.executeWithOptions({ activityId: `await-run-${start}`, summary: `${start} runs already` }, [
      { start, waitMs },
    ]);
    return { start, state };
  }
}

function describe(manual: boolean, cut: number, empty: number, open: readonly OpenInterval[], results: readonly IntervalResult[]): string {
  const rows = results.map(
    ({ start, state, outcome, records, generation, problem }) =>
      `| ${start} | ${state} | ${outcome ?? ''} | ${records ?? ''} | ${generation ?? ''} | ${(problem ?? '').slice(0, 200)} |`,
  );
  return [
    `**${manual ? 'manual' : 'scheduled'}** tick: ${cut} intervals cut (${empty} empty), ${open.length} to work off`,
    '',
    '| interval | state | outcome | records | generation | problem |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
