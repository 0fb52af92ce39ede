import { defineSearchAttributeKey } from '@temporalio/common';
import { patched, proxyActivities, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { BatchActivities } from '#activities/batch/make-batch-activities.ts';
import { isOnGrid } from '#domain/intervals.ts';
import type { TickInput } from '#domain/lake/tick-input.ts';
import { makeNames } from '#domain/names.ts';
import type { WaitedTickResult } from '#workflows/batch-tick-waiting.ts';
import { waitForAll } from '#workflows/batch-tick-waiting.ts';
import { cutOptions, ledgerOptions } from '#workflows/policies.ts';
import { startDue, startMarts, startOrWakeInterval } from '#workflows/start-due.ts';

export type TickResult = {
  manual: boolean;
  cut: number;
  empty: number;
  /** Starts of intervals whose run this tick started or woke. What became of them is in the ledger. */
  started: string[];
  /** Intervals that are ready and wait until one of those that run ends. */
  left: number;
};

type Cutting = Pick<TickResult, 'cut' | 'empty'>;

const cutCallsMax = 10;

/**
 * A tick of the schedule: cuts what has closed, starts what the ledger has to run, and ends. It waits for no run, so that
 * none stops the next tick, whatever becomes of it. The ledger says what is to do, so a tick that is lost or comes late
 * loses nothing. A manual tick also runs the interval that closed last, even where that is complete.
 */
export async function pinBatchTick(input: TickInput): Promise<TickResult | WaitedTickResult> {
  const cutting = input.only === 'open' ? { cut: 0, empty: 0 } : await cutAll(input);
  // Ticks that began before ran their intervals themselves and waited for them: they end as they began.
  if (!patched('starts-and-ends')) return waitForAll(input, cutting, isScheduled(input), triggeredAt());

  const due = await startDue(input, { round: 'tick', waiting: true });
  // A start by hand may fall on the grid by chance: then it is known by finding nothing to do.
  const manual = input.only !== 'open' && (!isScheduled(input) || (cutting.cut === 0 && due.started.length === 0 && due.left === 0));
  upsertSearchAttributes({ PinState: [input.only === 'open' ? 'asked' : manual ? 'manual' : 'scheduled'] });
  const started = manual ? [...due.started, ...(await startLast(input, due.started))] : due.started;
  const result: TickResult = { manual, ...cutting, started, left: due.left };
  setCurrentDetails(describe(result));
  await startMarts(input);
  return result;
}

/** Starts the interval that had closed last by then, though it be complete and whatever runs beside it: a person asks. */
async function startLast(input: TickInput, started: readonly string[]): Promise<string[]> {
  const ledger = proxyActivities<BatchActivities>({ ...ledgerOptions, taskQueue: makeNames(input.prefix).queues.control });
  const last = await ledger.readLast.executeWithOptions({ activityId: 'read-last', summary: 'the interval that had closed last by then' }, [
    { by: triggeredAt() },
  ]);
  if (last === null || started.includes(last.start)) return [];
  await startOrWakeInterval(input, last);
  return [last.start];
}

async function cutAll({ prefix }: TickInput): Promise<Cutting> {
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

/** The schedule's nominal time, in whole seconds; of a trigger, the moment of the trigger. */
const scheduledStartTime = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

function nominalTime(): Date | undefined {
  return workflowInfo().typedSearchAttributes.get(scheduledStartTime);
}

function triggeredAt(): string {
  return (nominalTime() ?? workflowInfo().startTime).toISOString();
}

function isScheduled({ intervalMs, offsetMs }: TickInput): boolean {
  const nominal = nominalTime();
  return nominal !== undefined && isOnGrid(nominal.getTime(), intervalMs, offsetMs);
}

function describe({ manual, cut, empty, started, left }: TickResult): string {
  return [
    `**${manual ? 'manual' : 'scheduled'}** tick: ${cut} intervals cut (${empty} empty), ${started.length} started, ${left} wait for room`,
    '',
    ...started.map((start) => `- ${start}`),
    '',
    '`npx pinflow batch list` says what became of them.',
  ].join('\n');
}
