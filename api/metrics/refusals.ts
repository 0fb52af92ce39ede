import type { Refusal } from '#api/answers/refusal.ts';
import { unknownValue } from '#api/operations/since.ts';
import { rowsMax } from '#questions/metrics.ts';

export const noMetric: Refusal = { status: 404, reason: 'not_found', message: 'There is no metric of this name: see /api/metrics' };
export const unknownRowLimit = unknownValue('limit', `a whole number from 1 to ${rowsMax}`);
export const noTime = unknownValue('from and to', 'times such as 2026-01-31T12:00:00Z');
export const timeless: Refusal = {
  status: 422,
  reason: 'unknown_parameter',
  message: 'This metric has no time to ask for by: leave from and to away',
};
