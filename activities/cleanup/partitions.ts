import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { TopicPartition } from '#domain/terms.ts';

/** A partition, and the first offset that not every reader has stored yet. */
export type StoredPartition = TopicPartition & { storedTo: number };

/** The partitions that both readers, or the given one, have a checkpoint in. */
export async function readStoredPartitions(statements: Statements, readers: readonly string[]): Promise<StoredPartition[]> {
  return statements.query<StoredPartition>(
    `SELECT topic, partition, min(next_offset) AS "storedTo" FROM pinflow.checkpoint WHERE reader = ANY($1)
     GROUP BY topic, partition HAVING count(*) = $2 ORDER BY topic, partition`,
    [readers, readers.length],
  );
}

/** Joins steps to one, each done before the next begins. `list` is asked once, by the first step. */
export function inTurn(list: () => Promise<readonly Sweep[]>): Sweep {
  let waiting: Sweep[] | undefined;
  return async (rowsMax) => {
    waiting ??= [...(await list())];
    const [next] = waiting;
    if (next === undefined) return { removed: 0, isDone: true };
    const { removed, isDone } = await next(rowsMax);
    if (isDone) waiting.shift();
    return { removed, isDone: waiting.length === 0 };
  };
}
