import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import type { AckedRange } from '#domain/door/acked-ranges.ts';
import { mergeRanges } from '#domain/door/acked-ranges.ts';

/** `place`: its ctid, which stays while the row is locked. */
type Row = AckedRange & { instance: string; flushedAt: Date; day: string; place: string };

/**
 * Joins what one instance had acked of a partition, second after second, to one row a day (UTC): instance, partition, first
 * and last stay, so that acked = stored can be proved as before. Ranges that overlap, as a retried flush of the door may
 * leave them, join too. Only rows that are older than `settleMs` are touched: the door may still write to younger ones.
 */
export function makeAckMerge(postgres: Postgres, settleMs: number): Sweep {
  return (rowsMax) =>
    postgres.transaction(async (statements) => {
      await lockAcks(statements);
      const taken = await statements.query<Row>(takeUnmerged, [settleMs / 1_000, rowsMax]);
      if (taken.length === 0) return { removed: 0, isDone: true };
      const before = await statements.query<Row>(takeNeighbours, [
        taken.map(({ instance }) => instance),
        taken.map(({ topic }) => topic),
        taken.map(({ partition }) => partition),
        taken.map(({ first }) => first),
      ]);
      const all = [...before, ...taken].toSorted((one, other) => one.first - other.first);
      const merged = mergeRanges(all, placeOf);
      const kept = new Set(merged.map(({ place }) => place));
      const dropped = all.filter(({ place }) => !kept.has(place));
      const latest = latestOf(all);
      await statements.execute(keep, [
        merged.map(({ place }) => place),
        merged.map(({ last }) => last),
        merged.map((row) => new Date(latest.get(placeOf(row))!)),
      ]);
      const removed = await statements.execute(drop, [dropped.map(({ place }) => place)]);
      return { removed, isDone: taken.length < rowsMax };
    });
}

/** Makes those who merge or delete acked ranges queue until the end of the transaction: what one keeps, no other removes. */
export async function lockAcks(statements: Statements): Promise<void> {
  await statements.query(`SELECT pg_advisory_xact_lock(hashtextextended('pinflow.door_ack', 0))`);
}

const columns = `a.ctid::text AS place, a.instance, a.topic, a.partition, a.first_offset AS first, a.last_offset AS last, a.flushed_at AS "flushedAt",
  (a.flushed_at AT TIME ZONE 'UTC')::date::text AS day`;

const takeUnmerged = `
  SELECT ${columns} FROM pinflow.door_ack a
  WHERE NOT merged AND flushed_at < now() - make_interval(secs => $1)
  ORDER BY flushed_at, topic, partition, first_offset LIMIT $2 FOR UPDATE`;

// All by place: a join with the keys would read the whole table.

/** In: the primary keys of rows, by column. Out: the merged rows right before them, which they may go on. */
const takeNeighbours = `
  SELECT ${columns} FROM pinflow.door_ack a
  WHERE merged AND ctid = ANY(ARRAY(
    SELECT before.ctid
    FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) AS taken (instance, topic, partition, first_offset)
    CROSS JOIN LATERAL (
      SELECT ctid FROM pinflow.door_ack one
      WHERE one.instance = taken.instance AND one.topic = taken.topic AND one.partition = taken.partition
        AND one.first_offset < taken.first_offset
      ORDER BY one.first_offset DESC LIMIT 1
    ) AS before
  ))
  FOR UPDATE`;

const keep = `
  UPDATE pinflow.door_ack a
  SET last_offset = greatest(a.last_offset, k.last_offset), flushed_at = greatest(a.flushed_at, k.flushed_at), merged = true
  FROM unnest($1::tid[], $2::bigint[], $3::timestamptz[]) AS k (place, last_offset, flushed_at)
  WHERE a.ctid = ANY($1::tid[]) AND a.ctid = k.place`;
const drop = `DELETE FROM pinflow.door_ack WHERE ctid = ANY($1::tid[])`;

function placeOf({ instance, topic, partition, day }: Row): string {
  return `${topic}/${partition}/${day}/${instance}`;
}

/** When something was flushed last in each place: a merged row stands for all that its day brought. */
function latestOf(rows: readonly Row[]): Map<string, number> {
  const latest = new Map<string, number>();
  for (const row of rows) latest.set(placeOf(row), Math.max(latest.get(placeOf(row)) ?? 0, row.flushedAt.getTime()));
  return latest;
}
