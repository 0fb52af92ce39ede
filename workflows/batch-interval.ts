import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  TimeoutFailure,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlanSummary } from '#activities/batch/plan-interval.ts';
import type { BatchActivities } from '#activities/batch/make-batch-activities.ts';
import type { FailureCause } from '#domain/failures.ts';
import { causeOfKind } from '#domain/failures.ts';
import { makeNames } from '#domain/names.ts';
import type { IntervalInput, IntervalResult } from '#workflows/interval-input.ts';
import {
  againWaitMs,
  heavyStepOptions,
  intervalStepOptions,
  intervalsAtOnce,
  ledgerOptions,
  stallMs,
  waitOptions,
} from '#workflows/policies.ts';
import { startDue, startMarts, wakeSignal } from '#workflows/start-due.ts';

/** What a run came to, and for how long the interval then rests: until a failure or landing is looked at again. */
type Ended = { result: IntervalResult; restMs?: number | undefined };

/**
 * One run of one interval: wait until it has landed, plan, clean, choose winners, check, publish. The workflow's id is
 * the interval's lock. A run that fails says so in the ledger, which decides about the next; whatever it came to, it
 * starts what had to wait for its room.
 */
export async function pinBatchInterval(input: IntervalInput): Promise<IntervalResult> {
  let woken = false;
  setHandler(wakeSignal, () => {
    woken = true;
  });
  const isWoken = (): boolean => woken;
  const { result, restMs } = await runOnce(input);
  // Whoever woke it so far had found it due for this very run, and knew nothing of what that came to.
  woken = false;
  // Runs that began before left the next to the tick that waited for them.
  if (!patched('starts-the-next')) return result;

  const { self } = await startDue(input, { round: 'end', self: input.start, waiting: false });
  if (result.outcome === 'published') await startMarts(input);
  // Its publish was let go, or a person asked: it is due, and its place is counted. Runs that began before left it to a tick.
  const isDue = self && patched('goes-on-where-due');
  if (!isDue && !isWoken()) {
    // Where the next tick comes sooner, it takes care.
    if (restMs === undefined || restMs >= (input.intervalMs ?? 0)) return result;
    await condition(isWoken, restMs);
  }
  // Whoever wakes it has found room for it, also while it asks itself.
  const mayRun = isDue || isWoken() || (await startDue(input, { round: 'again', self: input.start, waiting: false })).self || isWoken();
  const { again: _before, ...rest } = input;
  if (mayRun) await continueAsNew<typeof pinBatchInterval>(result.state === 'waiting' ? { ...rest, again: true } : rest);
  return result;
}

async function runOnce(input: IntervalInput): Promise<Ended> {
  const { start, end, prefix } = input;
  const ledger = proxyActivities<BatchActivities>({ ...ledgerOptions, taskQueue: makeNames(prefix).queues.control });
  const run = workflowInfo().runId;
  const done: string[] = [];
  const show = (state: string, step?: string): void => {
    if (step !== undefined) done.push(step);
    upsertSearchAttributes({ PinInterval: [start], PinState: [state] });
    setCurrentDetails([`**${state}** interval ${start} to ${end}`, '', ...done.map((one) => `- ${one}`)].join('\n'));
  };

  show('running');
  await ledger.beginRun.executeWithOptions({ activityId: 'begin', summary: `take interval ${start}` }, [{ start, run }]);
  try {
    const ended = await runSteps(input, run, (step) => show('running', step));
    const { result } = ended;
    show(result.state, result.problem ?? result.outcome);
    if (result.records !== undefined) upsertSearchAttributes({ PinRows: [result.records] });
    return ended;
  } catch (error) {
    const { cause, problem } = describeFailure(error);
    const { state, restMs } = await CancellationScope.nonCancellable(() =>
      ledger.recordFailure.executeWithOptions({ activityId: 'record-failure', summary: problem.slice(0, 200) }, [
        { start, run, cause, problem },
      ]),
    );
    show(state, problem);
    if (isCancellation(error)) throw error;
    return { result: { start, state, problem }, restMs };
  }
}

async function runSteps(input: IntervalInput, run: string, show: (step: string) => void): Promise<Ended> {
  const { start, end, prefix } = input;
  const waitMs = input.again === true ? Math.min(againWaitMs, input.waitMs) : input.waitMs;
  const queues = makeNames(prefix).queues;
  const ledger = proxyActivities<BatchActivities>({ ...ledgerOptions, taskQueue: queues.control });
  const short = proxyActivities<BatchActivities>({ ...intervalStepOptions, taskQueue: queues.control });
  const wait = proxyActivities<BatchActivities>({ ...waitOptions(waitMs), taskQueue: queues.control });
  const interval = { start, end };

  const landed = await wait.awaitLanded.executeWithOptions({ activityId: 'await-landed', summary: `until landed up to ${end}` }, [
    { interval, waitMs, room: { lookMs: againWaitMs, atOnce: intervalsAtOnce } },
  ]);
  if (!landed.landed) {
    const waiting = await ledger.recordWaiting.executeWithOptions({ activityId: 'record-waiting' }, [
      { start, run, problem: landed.problem },
    ]);
    return { result: { start, state: 'waiting', problem: landed.problem }, restMs: waiting?.restMs };
  }
  const plan = await short.planInterval.executeWithOptions({ activityId: 'plan', summary: `raw objects of ${start}` }, [{ interval, run }]);
  show(
    `${plan.records} records${plan.gaps ? ` (and ${plan.gaps} offsets without one)` : ''} in ${plan.parts.reduce((sum, { objects }) => sum + objects, 0)} raw objects, ${plan.parts.length} parts`,
  );

  try {
    return { result: await publishParts(input, run, plan, show) };
  } finally {
    // What is left behind costs room and nothing else: it changes neither a result nor a failure.
    await CancellationScope.nonCancellable(() =>
      short.discardStaging
        .executeWithOptions({ activityId: 'discard-staging' }, [{ start, run, planKey: plan.planKey }])
        .catch(() => undefined),
    );
  }
}

async function publishParts(
  { start, prefix, stallMs: patience = stallMs }: IntervalInput,
  run: string,
  plan: PlanSummary,
  show: (step: string) => void,
): Promise<IntervalResult> {
  const queues = makeNames(prefix).queues;
  const short = proxyActivities<BatchActivities>({ ...intervalStepOptions, taskQueue: queues.control });
  const heavy = proxyActivities<BatchActivities>({ ...heavyStepOptions, taskQueue: queues.batch });
  const cleaned = await Promise.all(
    plan.parts.map(({ index, kinds, objects, bytes }) =>
      heavy.cleanPart.executeWithOptions(
        { activityId: `clean-${String(index).padStart(5, '0')}`, summary: `${kinds.join(', ')}: ${objects} objects, ${bytes} bytes` },
        [{ start, run, planKey: plan.planKey, part: index, stallMs: patience }],
      ),
    ),
  );
  show(
    `${cleaned.reduce((sum, { clean }) => sum + clean, 0)} clean rows, ${cleaned.reduce((sum, { rejects }) => sum + rejects, 0)} rejects`,
  );

  const written = await Promise.all(
    plan.tableGroups.map((tables) =>
      heavy.selectWinners.executeWithOptions(
        { activityId: `winners-${tables.join('-')}`, summary: `latest record per identity: ${tables.join(', ')}` },
        [{ start, run, planKey: plan.planKey, tables, stallMs: patience }],
      ),
    ),
  );
  const files = written.flat();
  const counts = await short.checkInterval.executeWithOptions({ activityId: 'check', summary: 'records = clean + rejects + duplicates' }, [
    { start, run, planKey: plan.planKey, files },
  ]);
  show(`${counts.records} records = ${counts.clean} clean + ${counts.rejects} rejects + ${counts.duplicates} duplicates`);

  const published = await short.publishInterval.executeWithOptions(
    { activityId: 'publish', summary: `one commit a table, then the generation` },
    [{ start, run, files, counts }],
  );
  return { start, state: 'complete', ...published, records: counts.records };
}

/** What the ledger keeps of a failure: its cause decides whether the interval is tried again by itself. */
function describeFailure(error: unknown): { cause: FailureCause; problem: string } {
  if (isCancellation(error)) return { cause: 'outside', problem: 'The run was cancelled.' };
  const found = error instanceof ActivityFailure ? error.cause : error;
  // A step that Temporal gave up waiting for: its worker is gone or too slow.
  const kind = found instanceof TimeoutFailure ? 'timeout' : found instanceof ApplicationFailure ? found.type : undefined;
  const words = found instanceof Error ? found.message : String(found);
  return { cause: causeOfKind(kind), problem: `${kind ? `${kind}: ` : ''}${words}`.slice(0, 1_000) };
}
