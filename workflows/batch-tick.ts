import { WorkflowExecutionAlreadyStartedError, defineSearchAttributeKey } from '@temporalio/common';
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
import type { OpenInterval } from '#activities/batch/interval-ledger.ts';
import type { IntervalRef } from '#domain/intervals.ts';
import { isOnGrid } from '#domain/intervals.ts';
import { makeNames } from '#domain/names.ts';
import type { IntervalResult } from '#workflows/batch-interval.ts';
import { pinBatchInterval } from '#workflows/batch-interval.ts';
import { cutOptions, heavyStepOptions, ledgerOptions, waitOptions } from '#workflows/policies.ts';

export type TickInput = {
  prefix: string;
  /** The schedule's own interval and offset: a start off that grid is a manual one. */
  intervalMs: number;
  offsetMs: number;
  waitMs: number;
};

export type TickResult = {
  manual: boolean;
  cut: number;
  empty: number;
  intervals: IntervalResult[];
  marts: 'refreshed' | 'unchanged' | 'current' | 'none';
};

/** What one tick works off at most; the next tick goes on. */
const intervalsPerTick = 24;
const cutCallsMax = 10;
/** Runs side by side: landing may hold one up, and the cores are few. */
const runsAtOnce = 2;
/** An interval that was found waiting before is looked at, not waited for: it must not hold up the others again. */
const againWaitMs = 2_000;

/**
 * A tick of the schedule: cuts what has closed, works off the ledger oldest first, then refreshes the marts. The ledger
 * says what is to do, so a tick that is lost or comes late loses nothing. A manual tick also runs the interval that
 * closed last, even where that is complete.
 */
export async function pinBatchTick(input: TickInput): Promise<TickResult> {
  const { queues } = makeNames(input.prefix);
  const ledger = proxyActivities<BatchActivities>({ ...ledgerOptions, taskQueue: queues.control });
  const heavy = proxyActivities<BatchActivities>({ ...heavyStepOptions, taskQueue: queues.batch });

  const { cut, empty } = await cutAll(input);
  const open = await ledger.listOpen.executeWithOptions({ activityId: 'list-open', summary: 'the ledger, oldest first' }, [
    { limit: intervalsPerTick },
  ]);
  // A start by hand may fall on the grid by chance: then it is known by finding nothing to do.
  const manual = !isScheduled(input) || (cut === 0 && open.length === 0);
  upsertSearchAttributes({ PinState: [manual ? 'manual' : 'scheduled'] });
  setCurrentDetails(describe(manual, cut, empty, open, []));
  const intervals = await runAll(input, open);
  if (manual) {
    const last = await ledger.readLast.executeWithOptions(
      { activityId: 'read-last', summary: 'the interval that had closed last by then' },
      [{ by: (nominalTime() ?? workflowInfo().startTime).toISOString() }],
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

async function cutAll({ prefix }: TickInput): Promise<{ cut: number; empty: number }> {
  const { cutIntervals } = proxyActivities<BatchActivities>({ ...cutOptions, taskQueue: makeNames(prefix).queues.control });
  const sum = { cut: 0, empty: 0 };
  for (let call = 0; call < cutCallsMax; call++) {
    const result = await cutIntervals.executeWithOptions(
      { activityId: call === 0 ? 'cut' : `cut-${call}`, summary: 'intervals that closed' },
      [],
    );
    sum.cut += result.intervals;
    sum.empty += result.empty;
    if (!result.more) break;
  }
  return sum;
}

async function runAll(input: TickInput, open: readonly OpenInterval[]): Promise<IntervalResult[]> {
  const results: IntervalResult[] = [];
  const queue = [...open];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.push(await runInterval(input, next, next.state === 'waiting' ? Math.min(againWaitMs, input.waitMs) : input.waitMs));
  };
  await Promise.all(Array.from({ length: runsAtOnce }, lane));
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

/** The schedule's nominal time, in whole seconds; of a trigger, the moment of the trigger. */
const scheduledStartTime = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

function nominalTime(): Date | undefined {
  return workflowInfo().typedSearchAttributes.get(scheduledStartTime);
}

function isScheduled({ intervalMs, offsetMs }: TickInput): boolean {
  const nominal = nominalTime();
  return nominal !== undefined && isOnGrid(nominal.getTime(), intervalMs, offsetMs);
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
