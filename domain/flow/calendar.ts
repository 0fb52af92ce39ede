import type { CalendarDay, CalendarHour } from '#domain/answers/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';

/** What a person should see first, first. */
const byUrgency: readonly IntervalState[] = ['held', 'backing_off', 'waiting', 'running', 'cut', 'complete'];
const hourMs = 3_600_000;
const hoursOfDay = 24;

export function worstOf(byState: CalendarHour['byState']): IntervalState {
  return byUrgency.find((state) => (byState[state] ?? 0) > 0) ?? 'complete';
}

/** Days with their hours (UTC), newest first, up to the day of `nowMs`; hours without an interval are null. */
export function calendarOf(hours: readonly CalendarHour[], days: number, nowMs: number): CalendarDay[] {
  const byHour = new Map(hours.map((one) => [Date.parse(one.hour), one]));
  const today = Math.floor(nowMs / (hoursOfDay * hourMs)) * hoursOfDay * hourMs;
  return Array.from({ length: days }, (_, back) => {
    const start = today - back * hoursOfDay * hourMs;
    return {
      day: new Date(start).toISOString().slice(0, 10),
      hours: Array.from({ length: hoursOfDay }, (__, hour) => byHour.get(start + hour * hourMs) ?? null),
    };
  });
}
