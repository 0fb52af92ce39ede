import type { Config } from '#adapters/config.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { CalendarHour, IntervalCalendar } from '#domain/answers/intervals.ts';
import { calendarOf, worstOf } from '#domain/flow/calendar.ts';
import { timeText } from '#domain/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';
import type { Names } from '#domain/names.ts';
import { onLedger } from '#questions/list-intervals.ts';

export type CalendarDependencies = {
  config: Pick<Config, 'temporalUiUrl' | 'temporalNamespace'>;
  names: Names;
  postgres: Pick<Statements, 'query'>;
};

/** Days that are shown: the rows of more would be many where intervals are short. */
const days = 14;

/** The ledger by hour. @throws Failure `not_ready` where there is none yet. */
export async function readCalendar({ config, names, postgres }: CalendarDependencies): Promise<IntervalCalendar> {
  const rows = await onLedger(() => postgres.query<Row>(hoursSql, [days]));
  return {
    at: new Date().toISOString(),
    scheduleId: names.scheduleId,
    temporalUi: config.temporalUiUrl,
    days: calendarOf(
      [...Map.groupBy(rows, ({ hour }) => hour.getTime())].map(([hourMs, states]) => hourOf(hourMs, states)),
      days,
      Date.now(),
    ),
  };
}

type Row = { hour: Date; state: IntervalState; intervals: number; records: number };

function hourOf(hourMs: number, states: readonly Row[]): CalendarHour {
  const byState = Object.fromEntries(states.map(({ state, intervals }) => [state, intervals]));
  return {
    hour: timeText(hourMs),
    intervals: states.reduce((sum, { intervals }) => sum + intervals, 0),
    byState,
    worst: worstOf(byState),
    records: states.reduce((sum, { records }) => sum + records, 0),
  };
}

const hoursSql = `
  SELECT date_trunc('hour', start, 'UTC') AS hour, state, count(*) AS intervals,
    coalesce(sum(records) FILTER (WHERE state = 'complete'), 0)::bigint AS records
  FROM pinflow.interval WHERE start >= date_trunc('day', now(), 'UTC') - make_interval(days => $1 - 1) GROUP BY 1, 2`;
