import type { IntervalRef } from '#domain/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';
import type { TickInput } from '#domain/lake/tick-input.ts';

/** What all runs of the batch are started with; intervals hand it on to those that they start. */
export type BatchInput = Pick<TickInput, 'prefix' | 'waitMs' | 'stallMs'> & {
  /** Distance of the schedule's ticks. Absent in runs that a tick of the code before started. */
  intervalMs?: number;
};

export type IntervalInput = IntervalRef &
  BatchInput & {
    /** It was found waiting before: landing is looked at, not waited for. */
    again?: boolean;
  };

export type IntervalResult = {
  start: string;
  state: IntervalState;
  /** Set where the run came to its end. */
  outcome?: 'published' | 'unchanged' | 'empty';
  generation?: number;
  records?: number;
  problem?: string;
};
