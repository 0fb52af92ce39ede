import type { Refusal } from '#api/answers/refusal.ts';

export const unknownHour: Refusal = {
  status: 422,
  reason: 'unknown_parameter',
  message: 'The hour must be one such as 2026-01-31T12:00:00Z',
};
