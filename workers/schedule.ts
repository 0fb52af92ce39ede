import type { Client, ScheduleOptions } from '@temporalio/client';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Config } from '#adapters/config.ts';
import type { Names } from '#domain/names.ts';
import { workflowTypes } from '#domain/names.ts';
import type { TickInput } from '#domain/lake/tick-input.ts';
import { cleanupTargets } from '#domain/retention.ts';
import type { CleanupInput } from '#workflows/pin-cleanup.ts';

/** After a boundary, so that its cut can be looked up: the margin of 2 s and a second more. */
const offsetMs = 3_000;
const catchUpMs = 7 * 86_400_000;
const cleanupCatchUpMs = 60_000;

/**
 * Creates the batch schedule, or brings the one that is there up to the settings; a pause stays. Ticks come one at a
 * time and late rather than never: what they work off is in the ledger.
 */
export function ensureBatchSchedule(client: Client, config: Config, names: Names): Promise<void> {
  return ensureSchedule(client, batchSchedule(config, names));
}

/** The same for the clean-up. A run that is missed is not made up for: the next finds all that is old. */
export function ensureCleanupSchedule(client: Client, config: Config, names: Names): Promise<void> {
  const input: CleanupInput = { prefix: names.prefix, targets: [...cleanupTargets] };
  return ensureSchedule(client, {
    scheduleId: names.cleanupScheduleId,
    spec: { intervals: [{ every: config.cleanupEveryMs }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: cleanupCatchUpMs, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: workflowTypes.cleanup,
      workflowId: names.cleanupScheduleId,
      taskQueue: names.queues.control,
      args: [input],
      staticSummary: 'remove what is out of retention',
    },
  });
}

async function ensureSchedule(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(options.scheduleId).update((before) => ({ ...options, state: before.state }));
  }
}

function batchSchedule(config: Config, names: Names): ScheduleOptions {
  const intervalMs = config.batchIntervalMs;
  // Temporal wants the offset below the interval.
  const offset = Math.min(offsetMs, intervalMs - 1_000);
  const input: TickInput = { prefix: names.prefix, intervalMs, offsetMs: Math.max(0, offset), waitMs: config.batchWaitMs };
  return {
    scheduleId: names.scheduleId,
    spec: { intervals: [{ every: intervalMs, offset: input.offsetMs }] },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: catchUpMs, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: workflowTypes.batchTick,
      // Temporal appends the nominal time.
      workflowId: names.scheduleId,
      taskQueue: names.queues.control,
      args: [input],
      staticSummary: 'cut what has closed and start what is due',
    },
  };
}
