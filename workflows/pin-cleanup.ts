import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CleanupActivities } from '#activities/cleanup/make-cleanup-activities.ts';
import { makeNames } from '#domain/names.ts';
import { cleanupOptions } from '#workflows/policies.ts';

export type CleanupInput = {
  prefix: string;
  /** What is looked through, in this order. Given by the schedule, so that a run keeps its list whatever the code's becomes. */
  targets: string[];
};

export type CleanupResult = Record<string, number>;

/** Calls a target gets at most; the next run goes on with what is left. */
const roundsMax = 40;

/**
 * Removes what is out of retention, target after target in small deletes, until nothing is old. A target with much to
 * remove gets call after call, in turn with the others; one that fails does not keep the others from theirs.
 */
export async function pinCleanup({ prefix, targets }: CleanupInput): Promise<CleanupResult> {
  const { queues } = makeNames(prefix);
  const { cleanUp } = proxyActivities<CleanupActivities>({ ...cleanupOptions, taskQueue: queues.control });
  const run = workflowInfo().runId;
  const removed: CleanupResult = Object.fromEntries(targets.map((target) => [target, 0]));
  const problems: Record<string, string> = {};
  let open = [...targets];
  for (let round = 0; round < roundsMax && open.length > 0; round++) {
    const more: string[] = [];
    for (const target of open) {
      try {
        const swept = await cleanUp.executeWithOptions(
          { activityId: round === 0 ? target : `${target}-${round}`, summary: `what is out of retention in ${target}` },
          [{ target, run }],
        );
        removed[target] = removed[target]! + swept.removed;
        if (!swept.isDone) more.push(target);
      } catch (error) {
        if (isCancellation(error)) throw error;
        problems[target] = describeFailure(error);
      }
      setCurrentDetails(describe(targets, removed, problems, more));
    }
    open = more;
  }
  const total = Object.values(removed).reduce((sum, one) => sum + one, 0);
  upsertSearchAttributes({ PinRows: [total], PinState: [open.length > 0 ? 'more' : 'done'] });
  const failed = Object.entries(problems);
  if (failed.length > 0)
    throw ApplicationFailure.nonRetryable(
      `Not cleaned up: ${failed.map(([target, problem]) => `${target} (${problem})`).join('; ')}. The next run tries again.`,
      'cleanup',
    );
  return removed;
}

function describeFailure(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
}

function describe(
  targets: readonly string[],
  removed: CleanupResult,
  problems: Readonly<Record<string, string>>,
  more: readonly string[],
): string {
  const rows = targets.map(
    (target) => `| ${target} | ${removed[target]} | ${problems[target] ?? (more.includes(target) ? 'there is more' : '')} |`,
  );
  return ['| target | removed | |', '|---|---|---|', ...rows].join('\n');
}
