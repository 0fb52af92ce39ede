import type { IntervalState } from '#domain/lake/interval-state.ts';

/** What `/api/intervals` answers: the hours of some days, newest day first. Times are RFC 3339 in UTC. */
export type IntervalCalendar = { at: string; scheduleId: string; temporalUi: string; days: CalendarDay[] };
/** An hour is null where it has no interval. */
export type CalendarDay = { day: string; hours: (CalendarHour | null)[] };
export type CalendarHour = {
  /** Start of the hour. */
  hour: string;
  intervals: number;
  byState: Partial<Record<IntervalState, number>>;
  /** The state that a person should see first. */
  worst: IntervalState;
  /** Of complete intervals. */
  records: number;
};

/** What `/api/intervals/<hour>` answers: the intervals that begin in an hour, in order. */
export type HourOfIntervals = { hour: string; intervals: IntervalRun[] };

/** An interval with its newest run. */
export type IntervalRun = {
  start: string;
  end: string;
  state: IntervalState;
  attempts: number;
  /** What the run read: offsets between two cuts. */
  inputs: { topic: string; partition: number; from: number; to: number }[];
  records: number | null;
  clean: number | null;
  rejects: number | null;
  duplicates: number | null;
  generation: number | null;
  /** Versions of the lake's tables that the generation consists of. */
  outputs: { table: string; version: number }[];
  /** From the end of the interval until its newest generation was published; null before. */
  readySeconds: number | null;
  problem: string | null;
  nextTry: string | null;
  updatedAt: string;
  /** The run in Temporal's web interface. */
  link: string;
};
