import type { Client, ScheduleDescription, ScheduleSummary } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { randomUUID } from 'node:crypto';

/**
 * Requests about schedules, as tctl sends them. Patches go through the raw service: the client library's own trigger
 * and backfill put AllowAll where no overlap policy is given, and the server would not look at the schedule's.
 */
type Patch = NonNullable<Parameters<Client['workflowService']['patchSchedule']>[0]['patch']>;

export function triggerSchedule(client: Client, scheduleId: string, overlapPolicy: number): Promise<void> {
  return patch(client, scheduleId, { triggerImmediately: { overlapPolicy } });
}

export function backfillSchedule(
  client: Client,
  scheduleId: string,
  range: { start: Date; end: Date },
  overlapPolicy: number,
): Promise<void> {
  const backfill = { startTime: msNumberToTs(range.start.getTime()), endTime: msNumberToTs(range.end.getTime()), overlapPolicy };
  return patch(client, scheduleId, { backfillRequest: [backfill] });
}

export function pauseSchedule(client: Client, scheduleId: string, reason: string): Promise<void> {
  return patch(client, scheduleId, { pause: reason });
}

export function unpauseSchedule(client: Client, scheduleId: string, reason: string): Promise<void> {
  return patch(client, scheduleId, { unpause: reason });
}

async function patch(client: Client, scheduleId: string, change: Patch): Promise<void> {
  const { namespace, identity } = client.options;
  await client.workflowService.patchSchedule({ namespace, scheduleId, patch: change, identity, requestId: randomUUID() });
}

/** The server's answer as it is; throws the server's error for a schedule that is not there. */
export async function describeScheduleRaw(client: Client, scheduleId: string): Promise<object> {
  return client.workflowService.describeSchedule({ namespace: client.options.namespace, scheduleId });
}

export const describeHead = [
  'ScheduleId',
  'WorkflowType',
  'Paused',
  'Notes',
  'RunningWorkflows',
  'NextRunTime',
  'LastRunTime',
  'Specification',
];
export const listHead = ['ScheduleId', 'WorkflowType', 'Paused', 'Notes', 'NextRunTime', 'LastRunTime'];

export function describeRow({ scheduleId, action, state, info, spec }: ScheduleDescription): string[] {
  const running = info.runningActions.map((one) => one.workflow.workflowId).join(', ');
  return [
    scheduleId,
    action.workflowType,
    String(state.paused),
    state.note ?? '',
    running,
    timeOf(info.nextActionTimes.at(0)),
    timeOf(info.recentActions.at(-1)?.takenAt),
    JSON.stringify(spec, undefined, 1).replaceAll(/\n\s*/g, ' '),
  ];
}

export function listRow({ scheduleId, action, state, info }: ScheduleSummary): string[] {
  return [
    scheduleId,
    action?.workflowType ?? '',
    String(state.paused),
    state.note ?? '',
    timeOf(info.nextActionTimes.at(0)),
    timeOf(info.recentActions.at(-1)?.takenAt),
  ];
}

function timeOf(time: Date | undefined): string {
  return time === undefined ? '' : time.toISOString().replace('.000Z', 'Z');
}
