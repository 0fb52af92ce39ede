import { usageError } from '../run-program.ts';

/** Overlap policies by tctl's names; the numbers are those of temporal.api.enums.v1.ScheduleOverlapPolicy. */
const policies = { Skip: 1, BufferOne: 2, BufferAll: 3, CancelOther: 4, TerminateOther: 5, AllowAll: 6 } as const;
const unspecified = 0;

export const overlapPolicyNames = Object.keys(policies).join(', ');

/**
 * The policy's number, whatever its case; 0 when none is given: the server then takes the schedule's own policy, where
 * the client library would say AllowAll.
 */
export function parseOverlapPolicy(text: string | undefined): number {
  if (text === undefined) return unspecified;
  const found = Object.entries(policies).find(([name]) => name.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw usageError(`Unknown overlap policy "${text}": expected one of ${overlapPolicyNames}.`);
  return found[1];
}
