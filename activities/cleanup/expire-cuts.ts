import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';

/** Partitions of all topics that a boundary is taken to have: bounds a step. */
const partitionsExpected = 16;

/**
 * Deletes the cuts of boundaries whose intervals are both complete and out of retention. A boundary goes whole or not at
 * all, since a partition that it lacks would count as one that began there. It stays where
 * - an interval at it is open or held, or ends within the retention: its next run needs both its cuts;
 * - it is the newest, or the last that some partition has: what comes next goes on from there.
 * Intervals and generations stay for ever: what was published, and from how many records, is known as before.
 */
export function makeCutSweep(postgres: Postgres, keepMs: number): Sweep {
  let after = new Date(0);
  return (rowsMax) =>
    postgres.transaction(async (statements) => {
      const boundariesMax = Math.ceil(rowsMax / partitionsExpected);
      const boundaries = await statements.query<{ at: Date }>(
        `SELECT at FROM pinflow.cut WHERE at > $1 AND at < now() - make_interval(secs => $2) GROUP BY at ORDER BY at LIMIT $3`,
        [after, keepMs / 1_000, boundariesMax],
      );
      const expired = await selectExpired(
        statements,
        boundaries.map(({ at }) => at),
        keepMs,
      );
      const removed = await statements.execute(`DELETE FROM pinflow.cut WHERE at = ANY($1)`, [expired]);
      after = boundaries.at(-1)?.at ?? after;
      return { removed, isDone: boundaries.length < boundariesMax };
    });
}

type Interval = { start: Date; end: Date; isOld: boolean; isComplete: boolean };

async function selectExpired(statements: Statements, boundaries: readonly Date[], keepMs: number): Promise<Date[]> {
  // Locked: a run that begins meanwhile waits, and finds its cuts gone or can rely on them.
  const intervals = await statements.query<Interval>(
    `SELECT start, "end", state = 'complete' AS "isComplete", "end" < now() - make_interval(secs => $2) AS "isOld"
     FROM pinflow.interval WHERE start = ANY($1) OR "end" = ANY($1) ORDER BY start FOR SHARE`,
    [boundaries, keepMs / 1_000],
  );
  const following = new Map(intervals.map((one) => [one.start.getTime(), one]));
  const ending = new Map(intervals.map((one) => [one.end.getTime(), one]));
  const done = boundaries.filter((at) => {
    const next = following.get(at.getTime());
    // Before the first boundary there is no interval.
    return next !== undefined && next.isComplete && next.isOld && (ending.get(at.getTime())?.isComplete ?? true);
  });
  const rows = await statements.query<{ at: Date }>(
    `SELECT at FROM unnest($1::timestamptz[]) AS one (at)
     WHERE NOT EXISTS (
       SELECT FROM pinflow.cut c WHERE c.at = one.at AND NOT EXISTS (
         SELECT FROM pinflow.cut later WHERE later.topic = c.topic AND later.partition = c.partition AND later.at > c.at))`,
    [done],
  );
  return rows.map(({ at }) => at);
}
