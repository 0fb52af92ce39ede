import type { StoredPartition } from '#activities/cleanup/partitions.ts';
import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';

/**
 * Takes a partition's batches that are out of retention from `stream_batch` and adds them to the sums of their day, in
 * one statement: each batch stands in one of the two tables, once, whatever happens in between.
 */
export function makeBatchFold(statements: Statements, { topic, partition }: StoredPartition, keepMs: number): Sweep {
  return async (rowsMax) => {
    const [head] = await statements.query<{ removed: number }>(foldOldest, [topic, partition, keepMs / 1_000, rowsMax]);
    const removed = head?.removed ?? 0;
    // Batches of a partition are committed in the order of their offsets: the first that is young ends the search.
    return { removed, isDone: removed < rowsMax };
  };
}

/** In: $1 topic, $2 partition, $3 seconds to keep, $4 rows. By place: a join with the keys would read the whole table. */
const foldOldest = `
  WITH head AS (
    SELECT ctid FROM pinflow.stream_batch WHERE topic = $1 AND partition = $2 ORDER BY first_offset LIMIT $4 FOR UPDATE
  ), gone AS (
    DELETE FROM pinflow.stream_batch
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM head)) AND committed_at < now() - make_interval(secs => $3)
    RETURNING *
  ), folded AS (
    INSERT INTO pinflow.stream_day AS d
      (topic, partition, day, first_offset, last_offset, batches, applied, superseded, unchanged, rejected, dead, gap_offsets)
    SELECT topic, partition, (committed_at AT TIME ZONE 'UTC')::date AS day, min(first_offset), max(last_offset), count(*),
      sum(applied), sum(superseded), sum(unchanged), sum(rejected), sum(dead),
      sum((SELECT coalesce(sum(upper(gap) - lower(gap)), 0) FROM unnest(gaps) AS gap))
    FROM gone GROUP BY topic, partition, day
    ON CONFLICT (topic, partition, day) DO UPDATE SET
      first_offset = least(d.first_offset, excluded.first_offset), last_offset = greatest(d.last_offset, excluded.last_offset),
      batches = d.batches + excluded.batches, applied = d.applied + excluded.applied, superseded = d.superseded + excluded.superseded,
      unchanged = d.unchanged + excluded.unchanged, rejected = d.rejected + excluded.rejected, dead = d.dead + excluded.dead,
      gap_offsets = d.gap_offsets + excluded.gap_offsets
  )
  SELECT count(*) AS removed FROM gone`;
