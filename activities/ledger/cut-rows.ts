import type { Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { CutOffset } from '#domain/intervals.ts';
import { timeText } from '#domain/intervals.ts';

/** A boundary's cut as the ledger keeps it. */
export type Cut = { atMs: number; offsets: CutOffset[] };

/** Makes cutters queue until the end of the transaction; readers of cuts go on. */
export async function lockCuts(statements: Statements): Promise<void> {
  await statements.execute(`LOCK TABLE pinflow.cut IN SHARE ROW EXCLUSIVE MODE`);
}

/** The newest boundary and its cut; undefined before setup laid the origin. */
export async function readLastCut(statements: Statements): Promise<Cut | undefined> {
  const rows = await statements.query<{ at: Date; topic: string; partition: number; offset: number }>(
    `SELECT at, topic, partition, "offset" FROM pinflow.cut WHERE at = (SELECT max(at) FROM pinflow.cut) ORDER BY topic, partition`,
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  return { atMs: first.at.getTime(), offsets: rows.map(({ topic, partition, offset }) => ({ topic, partition, offset })) };
}

/** The cut at one boundary; empty for a time that is no boundary. */
export async function readCut(statements: Statements, at: string): Promise<CutOffset[]> {
  return statements.query<CutOffset>(`SELECT topic, partition, "offset" FROM pinflow.cut WHERE at = $1 ORDER BY topic, partition`, [at]);
}

/**
 * Looks whether an interval that was done with can be run again.
 * @throws Failure `missing` where its cuts are out of retention: its result stays, what it was made of is no longer known.
 */
export async function assertCutsKept(statements: Statements, start: string): Promise<void> {
  const [row] = await statements.query<{ kept: boolean }>(
    `SELECT EXISTS (SELECT FROM pinflow.cut WHERE at = i.start) AND EXISTS (SELECT FROM pinflow.cut WHERE at = i."end") AS kept
     FROM pinflow.interval i WHERE start = $1`,
    [start],
  );
  if (row?.kept !== true)
    throw new Failure(
      'missing',
      `The cuts of interval ${start} are out of retention (RETENTION_CUT_DAYS): it cannot be run again, and its result stays as it is.`,
    );
}

/** Stores cuts: what is there stays. One statement, however many boundaries a long stop left. */
export async function insertCuts(statements: Statements, cuts: readonly Cut[]): Promise<void> {
  const rows = cuts.flatMap(({ atMs, offsets }) => offsets.map((offset) => ({ at: timeText(atMs), ...offset })));
  await statements.execute(
    `INSERT INTO pinflow.cut (at, topic, partition, "offset")
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::int[], $4::bigint[]) ON CONFLICT DO NOTHING`,
    [rows.map(({ at }) => at), rows.map(({ topic }) => topic), rows.map(({ partition }) => partition), rows.map(({ offset }) => offset)],
  );
}
