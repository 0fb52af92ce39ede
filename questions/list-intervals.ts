import { sqlStateOf } from '#adapters/postgres-failure.ts';
import type { Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { timeText } from '#domain/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';

/** An interval as the ledger has it. Times are RFC 3339 in UTC. */
export type LedgerInterval = {
  start: string;
  end: string;
  state: IntervalState;
  /** Of `backing_off` and `waiting`: when it is tried again by itself. */
  nextTry: string | null;
  /** Runs in a row that failed or found landing behind, and those of them that count towards being held. */
  failures: number;
  attempts: number;
  problem: string | null;
  records: number | null;
  generation: number | null;
  updatedAt: string;
  /** Who asked last for it to be tried again, when and why. */
  lastRetry: { at: string; by: string; reason: string | null } | null;
};

/** `open` are all that are not complete. */
export type IntervalFilter = IntervalState | 'open';

/** Intervals of the ledger, newest first. */
export async function listIntervals(
  statements: Pick<Statements, 'query'>,
  { state, limit }: { state?: IntervalFilter | undefined; limit: number },
): Promise<LedgerInterval[]> {
  const rows = await onLedger(() =>
    statements.query<Row>(
      `SELECT i.start, i."end", i.state, i.not_before, i.failures, i.attempts, i.problem, i.records, i.generation, i.updated_at,
         r.asked_at, r.asked_by, r.reason
       FROM pinflow.interval i
       LEFT JOIN LATERAL (SELECT asked_at, asked_by, reason FROM pinflow.interval_retry WHERE start = i.start ORDER BY asked_at DESC LIMIT 1) r ON true
       ${conditionOf(state)} ORDER BY i.start DESC LIMIT $1`,
      [limit, ...(state === undefined || state === 'open' ? [] : [state])],
    ),
  );
  return rows.map((row) => ({
    start: timeText(row.start.getTime()),
    end: timeText(row.end.getTime()),
    state: row.state,
    nextTry: row.not_before?.toISOString() ?? null,
    failures: row.failures,
    attempts: row.attempts,
    problem: row.problem,
    records: row.records,
    generation: row.generation,
    updatedAt: row.updated_at.toISOString(),
    lastRetry: row.asked_at === null ? null : { at: row.asked_at.toISOString(), by: row.asked_by!, reason: row.reason },
  }));
}

/** What is open by state, and how long the oldest that the tick works off has been closed; null where there is none. */
export type LedgerCounts = { byState: Partial<Record<IntervalState, number>>; oldestSeconds: number | null };

/** Counts the open intervals. Cheap however long the ledger is: complete ones are not looked at. */
export async function countOpenIntervals(statements: Pick<Statements, 'query'>): Promise<LedgerCounts> {
  const rows = await onLedger(() =>
    statements.query<{ state: IntervalState; n: number; age: number }>(
      `SELECT state, count(*) AS n, extract(epoch FROM now() - min("end"))::float8 AS age
       FROM pinflow.interval WHERE state <> 'complete' GROUP BY state`,
    ),
  );
  const ages = rows.filter(({ state }) => state !== 'held').map(({ age }) => age);
  return {
    byState: Object.fromEntries(rows.map(({ state, n }) => [state, n])),
    oldestSeconds: ages.length === 0 ? null : Math.max(0, ...ages),
  };
}

type Row = {
  start: Date;
  end: Date;
  state: IntervalState;
  not_before: Date | null;
  failures: number;
  attempts: number;
  problem: string | null;
  records: number | null;
  generation: number | null;
  updated_at: Date;
  asked_at: Date | null;
  asked_by: string | null;
  reason: string | null;
};

function conditionOf(state: IntervalFilter | undefined): string {
  if (state === undefined) return '';
  return state === 'open' ? `WHERE i.state <> 'complete'` : 'WHERE i.state = $2';
}

const UNDEFINED_TABLE = '42P01';

/** Does `work` on the ledger. @throws Failure `not_ready` where it is not there yet. */
export async function onLedger<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (sqlStateOf(error) !== UNDEFINED_TABLE) throw error;
    throw new Failure('not_ready', 'The database has no ledger of intervals yet: run node workers/setup.ts.', { cause: error });
  }
}
