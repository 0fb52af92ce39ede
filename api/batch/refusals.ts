import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';
import { unknownValue } from '#api/operations/since.ts';
import { Failure } from '#domain/failures.ts';
import { intervalStates } from '#domain/lake/interval-state.ts';
import type { Retried } from '#interventions/retry-intervals.ts';
import { refusalOf } from '#interventions/retry-intervals.ts';

/** What `state` may ask for, and how many intervals an answer holds. */
export const stateFilters = [...intervalStates, 'open'] as const;
export const listLimits = { default: 50, max: 1_000 };

export const unknownState = unknownValue('state', `one of ${stateFilters.join(', ')}`);
export const unknownLimit = unknownValue('limit', `a whole number from 1 to ${listLimits.max}`);

export function ledgerAway({ message }: Failure): Refusal {
  return overloaded(`The ledger of intervals cannot be reached: ${message.replace(/\.$/, '')}`);
}

/** Why nothing was tried again; undefined where it was. */
export function refuseRetry(retried: Pick<Retried, 'unknown' | 'busy'>): Refusal | undefined {
  const message = refusalOf(retried)?.replace(/\.$/, '');
  if (message === undefined) return undefined;
  return retried.unknown.length > 0 ? { status: 404, reason: 'not_found', message } : { status: 409, reason: 'interval_busy', message };
}

/** Whatever else keeps it is of the lake: said, as the one who asks is there to mend it. */
export function refuseAbandon(error: unknown): Refusal {
  if (!(error instanceof Failure)) throw error;
  const message = error.message.replace(/\.$/, '');
  if (error.kind === 'missing') return { status: 404, reason: 'not_found', message };
  if (error.kind === 'conflict') return { status: 409, reason: 'publish_busy', message };
  return overloaded(message);
}
