import { lockAcks } from '#activities/cleanup/merge-acks.ts';
import type { StoredPartition } from '#activities/cleanup/partitions.ts';
import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Postgres } from '#adapters/postgres.ts';

/**
 * Deletes acked ranges of a partition that are out of retention. What a reader has not stored yet stays whatever its age:
 * that it was acked is the proof that something is missing.
 */
export function makeAckSweep(postgres: Postgres, { topic, partition, storedTo }: StoredPartition, keepMs: number): Sweep {
  let after = { first: -1, instance: '' };
  return (rowsMax) =>
    postgres.transaction(async (statements) => {
      await lockAcks(statements);
      const parameters = [topic, partition, after.first, after.instance, storedTo, keepMs / 1_000, rowsMax];
      const [head] = await statements.query<Head>(deleteOldest, parameters);
      if (head === undefined || head.first === null) return { removed: 0, isDone: true };
      after = { first: head.first, instance: head.instance! };
      // The oldest come first: where none of them was out of retention, none behind them is.
      return { removed: head.removed, isDone: head.looked < rowsMax || head.removed === 0 };
    });
}

/** How many rows were looked at and removed, and the last one's key; its parts are null where there was none. */
type Head = { looked: number; removed: number; first: number | null; instance: string | null };

/** In: $1 topic, $2 partition, $3 and $4 key to go on after, $5 offset stored up to, $6 seconds to keep, $7 rows. */
const deleteOldest = `
  WITH head AS (
    SELECT ctid AS place, first_offset, last_offset, instance, flushed_at FROM pinflow.door_ack
    WHERE topic = $1 AND partition = $2 AND first_offset < $5 AND (first_offset, instance) > ($3, $4)
    ORDER BY first_offset, instance LIMIT $7 FOR UPDATE
  ), gone AS (
    DELETE FROM pinflow.door_ack
    WHERE ctid = ANY(ARRAY(SELECT place FROM head)) AND last_offset < $5 AND flushed_at < now() - make_interval(secs => $6)
    RETURNING 1
  ), last AS (
    SELECT first_offset, instance FROM head ORDER BY first_offset DESC, instance DESC LIMIT 1
  )
  SELECT (SELECT count(*) FROM head) AS looked, (SELECT count(*) FROM gone) AS removed,
    (SELECT first_offset FROM last) AS first, (SELECT instance FROM last) AS instance`;
