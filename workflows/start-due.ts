import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  startChild,
} from '@temporalio/workflow';
import type { OpenInterval } from '#activities/ledger/interval-ledger.ts';
import type { BatchActivities } from '#activities/batch/make-batch-activities.ts';
import { makeNames, workflowTypes } from '#domain/names.ts';
import type { BatchInput, IntervalInput, IntervalResult } from '#workflows/interval-input.ts';
import { intervalsAtOnce, ledgerOptions } from '#workflows/policies.ts';

/** Ends the rest of a workflow: an interval's before its next try, or the marts' as soon as they are current. */
export const wakeSignal = defineSignal('wake');

export type Started = {
  /** Starts of intervals whose run was started or woken. */
  started: string[];
  /** What is ready and has to wait until one of those that run ends. */
  left: number;
  /** Whether the interval that asks is one of those that may run. */
  self: boolean;
};

/**
 * Starts what the ledger has to run, oldest first, as far as there is room beside what runs already, and waits for none
 * of it: whoever ends starts the next. Children outlive whoever started them; what becomes of them is in the ledger.
 * @param round makes the ids of activities unique within a workflow.
 */
export async function startDue(
  input: BatchInput,
  {
    round,
    self,
    waiting,
  }: {
    round: string;
    /** Start of the interval that asks, which cannot be started while it is there itself. */
    self?: string;
    /** Also what waits for landing and whose time has not come. */
    waiting: boolean;
  },
): Promise<Started> {
  const ledger = proxyActivities<BatchActivities>({ ...ledgerOptions, taskQueue: makeNames(input.prefix).queues.control });
  const { running, due, dueCount } = await ledger.listDue.executeWithOptions(
    { activityId: `list-due-${round}`, summary: 'the ledger, oldest first' },
    [{ limit: intervalsAtOnce, waiting }],
  );
  const result: Started = { started: [], left: dueCount, self: false };
  // A run that was ended from outside left its row as running, and its id is free: starting it anew finds it out.
  for (const interval of running) {
    if (interval.start !== self && (await startInterval(input, interval)) === 'started') result.started.push(interval.start);
  }
  for (const interval of due.slice(0, Math.max(0, intervalsAtOnce - running.length))) {
    result.left -= 1;
    if (interval.start === self) {
      result.self = true;
      continue;
    }
    await startOrWakeInterval(input, interval);
    result.started.push(interval.start);
  }
  return result;
}

/** Starts the run of an interval, or ends its rest where its workflow is there, asleep until the time of its next try. */
export function startOrWakeInterval(input: BatchInput, interval: OpenInterval): Promise<void> {
  const { workflowIds } = makeNames(input.prefix);
  // Who asked before left what had ended meanwhile to the next tick; an interval that asked so may be asleep behind it.
  const again = (): boolean => patched('starts-after-lost-wake');
  return startOrWake(workflowIds.interval(interval.start), () => startInterval(input, interval), again);
}

/** Starts the run of an interval; `there` where its workflow exists, which is the lock of the interval. */
async function startInterval(
  { prefix, waitMs, stallMs, intervalMs }: BatchInput,
  { start, end, state }: OpenInterval,
): Promise<'started' | 'there'> {
  const { queues, workflowIds } = makeNames(prefix);
  return startAbandoned<(input: IntervalInput) => Promise<IntervalResult>>(workflowTypes.batchInterval, {
    workflowId: workflowIds.interval(start),
    taskQueue: queues.control,
    args: [
      {
        start,
        end,
        prefix,
        waitMs,
        ...(stallMs === undefined ? {} : { stallMs }),
        ...(intervalMs === undefined ? {} : { intervalMs }),
        ...(state === 'waiting' ? { again: true } : {}),
      },
    ],
    staticSummary: `interval ${start}`,
  });
}

/** Sees to it that the marts are computed over what is published now. What becomes of that is the marts' own affair. */
export async function startMarts({ prefix, stallMs, intervalMs }: BatchInput): Promise<void> {
  const { queues, workflowIds } = makeNames(prefix);
  await startOrWake(workflowIds.marts, () =>
    startAbandoned<(input: BatchInput) => Promise<unknown>>(workflowTypes.marts, {
      workflowId: workflowIds.marts,
      taskQueue: queues.control,
      args: [{ prefix, waitMs: 0, ...(stallMs === undefined ? {} : { stallMs }), ...(intervalMs === undefined ? {} : { intervalMs }) }],
      staticSummary: 'historical metrics over the newest generation',
    }),
  );
}

/** Turns of asking that end in nothing only if the workflow starts and ends each time in between. */
const turnsMax = 3;

/** Starts a workflow, or wakes it where it is there; it may end between the two, and is then started, if `again` says so. */
async function startOrWake(
  workflowId: string,
  start: () => Promise<'started' | 'there'>,
  again: () => boolean = () => true,
): Promise<void> {
  for (let turn = 0; turn < turnsMax; turn++) {
    if (turn > 0 && !again()) return;
    if ((await start()) === 'started' || (await wake(workflowId))) return;
  }
}

type StartOptions<Args> = { workflowId: string; taskQueue: string; args: Args; staticSummary: string };

async function startAbandoned<Workflow extends (input: never) => Promise<unknown>>(
  type: string,
  options: StartOptions<Parameters<Workflow>>,
): Promise<'started' | 'there'> {
  try {
    await startChild(type, {
      ...options,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'there';
    throw error;
  }
}

/** Ends a workflow's sleep. @returns whether it was there to hear it. */
async function wake(workflowId: string): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(wakeSignal);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}
