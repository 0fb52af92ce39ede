import { setTimeout as delay } from 'node:timers/promises';
import { isRoomWanted } from '#activities/ledger/interval-ledger.ts';
import type { Progress } from '#activities/batch/progress.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { IntervalRef } from '#domain/intervals.ts';

export type Landed = { landed: true } | { landed: false; problem: string };

/** A partition whose records up to the cut are not all in landed raw objects. */
export type Behind = { topic: string; partition: number; landedTo: number; cut: number };

/** How long an interval waits. Where `atOnce` intervals run and others are due, it gives up its room after `lookMs`. */
export type LandingWait = { waitMs: number; room?: { lookMs: number; atOnce: number } };

const pollMs = 200;

/** Waits until everything up to an interval's end has landed, or the deadline is over, or others want its room. */
export async function awaitLanded(
  postgres: Postgres,
  { start, end }: IntervalRef,
  { waitMs, room }: LandingWait,
  progress: Progress,
): Promise<Landed> {
  const begin = performance.now();
  for (;;) {
    const behind = await findBehind(postgres, start, end);
    const [first] = behind;
    if (first === undefined) return { landed: true };
    progress.beat(behind.slice(0, 3));
    const waitedMs = performance.now() - begin;
    if (waitedMs >= waitMs || (room !== undefined && waitedMs >= room.lookMs && (await isRoomWanted(postgres, room.atOnce)))) {
      return {
        landed: false,
        problem: `Landing is behind: ${first.topic}/${first.partition} is landed up to offset ${first.landedTo}, the interval ends at ${first.cut} (${behind.length} partitions in all). Is the landing reader running?`,
      };
    }
    await delay(pollMs, undefined, { signal: progress.signal });
  }
}

/**
 * The partitions that are behind. A partition is landed up to its first range that is fixed and not landed, else up to
 * the checkpoint. One in which the interval holds nothing is not waited for.
 */
async function findBehind(postgres: Postgres, start: string, end: string): Promise<Behind[]> {
  return postgres.query<Behind>(
    `SELECT topic, partition, "landedTo", cut FROM (
       SELECT last.topic, last.partition, last."offset" AS cut, coalesce(least(
         (SELECT min(first_offset) FROM pinflow.landing_range r WHERE r.topic = last.topic AND r.partition = last.partition AND r.state = 'fixed'),
         (SELECT next_offset FROM pinflow.checkpoint p WHERE p.reader = 'landing' AND p.topic = last.topic AND p.partition = last.partition)
       ), 0) AS "landedTo"
       FROM pinflow.cut last
       LEFT JOIN pinflow.cut first ON first.at = $1 AND first.topic = last.topic AND first.partition = last.partition
       WHERE last.at = $2 AND last."offset" > coalesce(first."offset", 0)
     ) AS partitions
     WHERE "landedTo" < cut ORDER BY topic, partition`,
    [start, end],
  );
}
