import { processName } from '#activities/reader/checkpoints.ts';
import type { OwnedPartition } from '#activities/reader/sink.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { OffsetRange } from '#domain/terms.ts';

/** A range that processes died of while they cleaned it alone. */
export type DeadlyRange = { first: number; last: number; deaths: number };
type Range = Pick<DeadlyRange, 'first' | 'last'>;

/** The ranges from the partition's checkpoint on that processes began to clean and did not end. */
export async function readDeadlyRanges(postgres: Postgres, { topic, partition, nextOffset }: OwnedPartition): Promise<DeadlyRange[]> {
  const rows = await postgres.query<{ first_offset: number; last_offset: number; deaths: number }>(
    `SELECT first_offset, last_offset, deaths + (process IS NOT NULL AND process <> $4)::int AS deaths FROM pinflow.clean_try
     WHERE topic = $1 AND partition = $2 AND last_offset >= $3 AND (deaths > 0 OR (process IS NOT NULL AND process <> $4))`,
    [topic, partition, nextOffset, processName],
  );
  return rows.map(({ first_offset, last_offset, deaths }) => ({ first: first_offset, last: last_offset, deaths }));
}

/** Notes that this process begins to clean a range. A try of its own that is still noted did not kill it, and counts for nothing. */
export async function beginTry(postgres: Postgres, { topic, partition }: OwnedPartition, { first, last }: Range): Promise<void> {
  await postgres.execute(
    `INSERT INTO pinflow.clean_try AS t (topic, partition, first_offset, last_offset, process) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (topic, partition, first_offset, last_offset) DO UPDATE
     SET deaths = t.deaths + (t.process IS NOT NULL AND t.process <> excluded.process)::int, process = excluded.process, begun_at = now()`,
    [topic, partition, first, last, processName],
  );
}

/** Notes that a try failed in this process, which lives. */
export async function failTry(postgres: Postgres, { topic, partition }: OwnedPartition, { first, last }: Range): Promise<void> {
  await postgres.execute(
    `UPDATE pinflow.clean_try SET process = NULL WHERE topic = $1 AND partition = $2 AND first_offset = $3 AND last_offset = $4 AND process = $5`,
    [topic, partition, first, last, processName],
  );
}

/** Forgets the tries of what the checkpoint has passed. */
export async function forgetTries(postgres: Postgres, { topic, partition, to }: OffsetRange): Promise<void> {
  await postgres.execute(`DELETE FROM pinflow.clean_try WHERE topic = $1 AND partition = $2 AND last_offset < $3`, [topic, partition, to]);
}
