import { assertCutsKept } from '#activities/ledger/cut-rows.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import type { FailureCause } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';
import type { IntervalRef } from '#domain/intervals.ts';
import { timeText } from '#domain/intervals.ts';
import { backOffMs } from '#domain/lake/back-off.ts';
import type { FailedRuns, IntervalState } from '#domain/lake/interval-state.ts';
import { afterFailure, canFollow } from '#domain/lake/interval-state.ts';

/** Writes of a run are valid only while the row names it: a run that was taken over changes nothing. */
export type RunRef = { start: string; run: string };

export type OpenInterval = IntervalRef & { state: IntervalState };

/**
 * Intervals that the tick has to work off, oldest first; `running` ones too, whose run may have died. Those that wait for
 * landing come last: a partition that stands still must not keep the others' intervals from their turn.
 */
export async function readOpenIntervals(postgres: Postgres, limit: number): Promise<OpenInterval[]> {
  const rows = await postgres.query<IntervalRow>(
    `SELECT start, "end", state FROM pinflow.interval
     WHERE state <> 'complete' AND (state IN ('cut', 'running', 'waiting') OR (state = 'backing_off' AND not_before <= now()))
     ORDER BY (state = 'waiting'), start LIMIT $1`,
    [limit],
  );
  return rows.map(toInterval);
}

const isDue = `(state = 'cut' OR (state IN ('backing_off', 'waiting') AND coalesce(not_before, now()) <= now()))`;

/** What runs by the ledger, and what is ready to: as many as asked for, and how many there are. */
export type DueIntervals = { running: OpenInterval[]; due: OpenInterval[]; dueCount: number };

/**
 * What there is to start, oldest first, and what runs beside it. Those that wait for landing come last: a partition that
 * stands still must not keep the others' intervals from their turn.
 * @param waiting also those that wait for landing and whose time has not come.
 */
export async function readDueIntervals(postgres: Postgres, limit: number, waiting: boolean): Promise<DueIntervals> {
  const [running, due] = [
    await postgres.query<IntervalRow>(
      `SELECT start, "end", state FROM pinflow.interval WHERE state <> 'complete' AND state = 'running' ORDER BY start LIMIT ${runningMax}`,
    ),
    await postgres.query<IntervalRow & { count: number }>(
      `SELECT start, "end", state, count(*) OVER () AS count FROM pinflow.interval WHERE state <> 'complete' AND (${isDue} OR ($1 AND state = 'waiting'))
       ORDER BY (state = 'waiting'), start LIMIT $2`,
      [waiting, limit],
    ),
  ];
  return { running: running.map(toInterval), due: due.map(toInterval), dueCount: due[0]?.count ?? 0 };
}

/** Whether intervals are due for which those that run leave no room. */
export async function isRoomWanted(postgres: Postgres, atOnce: number): Promise<boolean> {
  const [row] = await postgres.query<{ isWanted: boolean }>(
    `SELECT count(*) FILTER (WHERE state = 'running') >= $1 AND bool_or(${isDue}) AS "isWanted" FROM pinflow.interval WHERE state <> 'complete'`,
    [atOnce],
  );
  return row?.isWanted ?? false;
}

/** Bounds what crosses Temporal: more than could ever run, unless people start them by hand. */
const runningMax = 100;

/** The interval that closed last by a time (RFC 3339), which a trigger or a backfill means; undefined before the first. */
export async function readLastInterval(postgres: Postgres, by: string): Promise<OpenInterval | undefined> {
  const [row] = await postgres.query<IntervalRow>(
    `SELECT start, "end", state FROM pinflow.interval WHERE "end" <= $1 ORDER BY start DESC LIMIT 1`,
    [by],
  );
  return row === undefined ? undefined : toInterval(row);
}

/** @throws Failure `missing`. */
export async function readInterval(postgres: Postgres, start: string): Promise<OpenInterval> {
  const [row] = await postgres.query<IntervalRow>(`SELECT start, "end", state FROM pinflow.interval WHERE start = $1`, [start]);
  if (row === undefined) throw intervalMissing(start);
  return toInterval(row);
}

/**
 * Lets a run take an interval, from whatever run had it before. Failed runs are counted anew where a person asks for
 * an interval that was done with.
 * @returns the state it was found in.
 */
export async function beginRun(postgres: Postgres, { start, run }: RunRef): Promise<{ from: IntervalState }> {
  return postgres.transaction(async (statements) => {
    const row = await lockInterval(statements, start);
    if (row.state === 'running' && row.run_id === run) return { from: row.state };
    assertTransition(start, row.state, 'running');
    if (row.state === 'complete') await assertCutsKept(statements, start);
    const anew = row.state === 'held' || row.state === 'complete';
    await statements.execute(
      `UPDATE pinflow.interval SET state = 'running', run_id = $2, attempts = $3, failures = $4, not_before = NULL, problem = NULL, updated_at = now()
       WHERE start = $1`,
      [start, run, anew ? 0 : row.attempts, anew ? 0 : row.failures],
    );
    return { from: row.state };
  });
}

/** For how long the interval rests now; undefined where somebody has to do something, or another run has it. */
export type Rest = { restMs?: number };

/** Ends a run whose interval is not landed yet. Being late is no failure of the interval, but is looked at ever less often. */
export async function recordWaiting(postgres: Postgres, { start, run }: RunRef, problem: string): Promise<Rest> {
  return postgres.transaction(async (statements) => {
    const row = await lockInterval(statements, start);
    if (row.run_id !== run || row.state !== 'running') return {};
    const failures = row.failures + 1;
    const restMs = backOffMs(failures);
    await statements.execute(
      `UPDATE pinflow.interval SET state = 'waiting', failures = $2, not_before = $3, problem = $4, updated_at = now() WHERE start = $1`,
      [start, failures, timeText(Date.now() + restMs), problem],
    );
    return { restMs };
  });
}

/** Ends a run that failed: back off, or hold the interval. */
export async function recordFailure(
  postgres: Postgres,
  { start, run }: RunRef,
  failure: { cause: FailureCause; problem: string },
): Promise<{ state: IntervalState } & Rest> {
  return postgres.transaction(async (statements) => {
    const row = await lockInterval(statements, start);
    if (row.run_id !== run || row.state !== 'running') return { state: row.state };
    const nowMs = Date.now();
    const next = afterFailure(row, failure.cause, nowMs);
    assertTransition(start, row.state, next.state);
    await statements.execute(
      `UPDATE pinflow.interval SET state = $2, attempts = $3, failures = $4, not_before = $5, problem = $6, updated_at = now() WHERE start = $1`,
      [start, next.state, next.attempts, next.failures, next.state === 'backing_off' ? timeText(next.notBeforeMs) : null, failure.problem],
    );
    return next.state === 'backing_off' ? { state: next.state, restMs: next.notBeforeMs - nowMs } : { state: next.state };
  });
}

export type IntervalCounts = { records: number; clean: number; rejects: number; duplicates: number };

/** What a run made of its interval. `generation` is null where the interval is empty and was never published. */
export type IntervalResultRow = { generation: number | null; counts: IntervalCounts; codeVersion: string };

/**
 * Ends a run whose result is published. The result counts also where another run has taken over meanwhile (a publish
 * is finished by whoever comes next); that one goes on.
 */
export async function recordComplete(
  statements: Statements,
  { start, run }: RunRef,
  { generation, counts, codeVersion }: IntervalResultRow,
): Promise<void> {
  await statements.execute(
    `UPDATE pinflow.interval SET generation = $3, records = $4, clean = $5, rejects = $6, duplicates = $7, code_version = $8, updated_at = now(),
       state = CASE WHEN run_id = $2 THEN 'complete' ELSE state END, attempts = CASE WHEN run_id = $2 THEN 0 ELSE attempts END,
       failures = CASE WHEN run_id = $2 THEN 0 ELSE failures END, problem = CASE WHEN run_id = $2 THEN NULL ELSE problem END,
       not_before = CASE WHEN run_id = $2 THEN NULL ELSE not_before END
     WHERE start = $1`,
    [start, run, generation, counts.records, counts.clean, counts.rejects, counts.duplicates, codeVersion],
  );
}

/**
 * Keeps the interval as it is until the end of the transaction, for a run that is about to give it its result. A run
 * that did so before, and whose answer was lost, may do it again.
 * @throws Failure `fenced` where another run has the interval.
 */
export async function assertOwnRun(statements: Statements, { start, run }: RunRef): Promise<void> {
  const row = await lockInterval(statements, start);
  if (row.run_id !== run || (row.state !== 'running' && row.state !== 'complete'))
    throw new Failure('fenced', `Interval ${start} is no longer run ${run}'s: it changes nothing.`);
}

type IntervalRow = { start: Date; end: Date; state: IntervalState };

function toInterval({ start, end, state }: IntervalRow): OpenInterval {
  return { start: timeText(start.getTime()), end: timeText(end.getTime()), state };
}

type LockedInterval = FailedRuns & { state: IntervalState; run_id: string | null };

async function lockInterval(statements: Statements, start: string): Promise<LockedInterval> {
  const [row] = await statements.query<LockedInterval>(
    `SELECT state, run_id, attempts, failures FROM pinflow.interval WHERE start = $1 FOR UPDATE`,
    [start],
  );
  if (row === undefined) throw intervalMissing(start);
  return row;
}

function intervalMissing(start: string): Failure {
  return new Failure('missing', `There is no interval that starts at ${start}: see the list in pinflow status.`);
}

function assertTransition(start: string, from: IntervalState, to: IntervalState): void {
  if (!canFollow(from, to)) throw new Error(`interval ${start} cannot go from ${from} to ${to}`);
}
