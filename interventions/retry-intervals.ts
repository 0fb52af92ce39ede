import { onLedger } from '#questions/list-intervals.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { timeText } from '#domain/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';
import { canBeRetried } from '#domain/lake/interval-state.ts';
import type { RetryWish } from '#domain/lake/retry-wish.ts';

/** An interval that is ready to run again, and how it was found. */
export type RetriedInterval = { start: string; end: string; from: IntervalState; problem: string | null };

export type Retried = {
  /** Whether this was only asked, not done. */
  dryRun: boolean;
  intervals: RetriedInterval[];
  /** Starts that no interval has. */
  unknown: string[];
  /** Intervals that run or are complete. */
  busy: { start: string; state: IntervalState }[];
};

/**
 * Makes intervals ready to run again, whatever their distance to the next try, with failures counted anew. All that were
 * named or none: where one is unknown or busy, nothing changes.
 * @param by who asks, as it is kept: `key <id>` or `user <name>`.
 */
export async function retryIntervals(
  postgres: Pick<Postgres, 'transaction'>,
  { intervals: named, held, reason, dryRun }: RetryWish,
  by: string,
): Promise<Retried> {
  return onLedger(() =>
    postgres.transaction(async (statements) => {
      const found = await lockWished(statements, named, held);
      const known = new Set(found.map(({ start }) => start));
      const retried: Retried = {
        dryRun,
        intervals: found.filter(({ from }) => canBeRetried(from)),
        unknown: named.filter((start) => !known.has(start)),
        busy: found.filter(({ from }) => !canBeRetried(from)).map(({ start, from }) => ({ start, state: from })),
      };
      if (!dryRun && refusalOf(retried) === undefined) await letGo(statements, retried.intervals, by, reason);
      return retried;
    }),
  );
}

async function lockWished(statements: Statements, named: readonly string[], held: boolean): Promise<RetriedInterval[]> {
  const rows = await statements.query<{ start: Date; end: Date; state: IntervalState; problem: string | null }>(
    `SELECT start, "end", state, problem FROM pinflow.interval
     WHERE start = ANY($1::timestamptz[]) OR ($2 AND state = 'held') ORDER BY start FOR UPDATE`,
    [named, held],
  );
  return rows.map(({ start, end, state, problem }) => ({
    start: timeText(start.getTime()),
    end: timeText(end.getTime()),
    from: state,
    problem,
  }));
}

async function letGo(statements: Statements, intervals: readonly RetriedInterval[], by: string, reason: string | undefined): Promise<void> {
  const starts = intervals.map(({ start }) => start);
  await statements.execute(
    `INSERT INTO pinflow.interval_retry (start, asked_by, reason, from_state, problem)
     SELECT start, $2, $3, state, problem FROM pinflow.interval WHERE start = ANY($1::timestamptz[])`,
    [starts, by, reason ?? null],
  );
  await statements.execute(
    `UPDATE pinflow.interval SET state = 'cut', attempts = 0, failures = 0, not_before = NULL, problem = NULL, updated_at = now()
     WHERE start = ANY($1::timestamptz[])`,
    [starts],
  );
}

/** Why nothing was done, as a sentence; undefined where it was. */
export function refusalOf({ unknown, busy }: Pick<Retried, 'unknown' | 'busy'>): string | undefined {
  const said = [
    ...unknown.map((start) => `there is no interval that starts at ${start}: npx pinflow batch list shows those there are`),
    ...busy.map(({ start, state }) =>
      state === 'running'
        ? `interval ${start} runs right now: wait for its end`
        : `interval ${start} is complete: trigger the schedule to run the last one anew`,
    ),
  ];
  if (said.length === 0) return undefined;
  const text = said.join('; ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}. Nothing was changed.`;
}
