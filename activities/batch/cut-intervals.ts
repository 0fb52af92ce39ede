import type { Cut } from '#activities/ledger/cut-rows.ts';
import { insertCuts, lockCuts, readLastCut } from '#activities/ledger/cut-rows.ts';
import type { Progress } from '#activities/batch/progress.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { CutOffset } from '#domain/intervals.ts';
import { closedBoundaries, findCuts, sameCut, timeText } from '#domain/intervals.ts';
import type { Names } from '#domain/names.ts';

/** `more`: there are further closed boundaries, call again. */
export type CutResult = { intervals: number; empty: number; more: boolean };

type Dependencies = {
  names: Names;
  postgres: Postgres;
  topics: Pick<KafkaTopics, 'fetchOffsetsAtTime'>;
  intervalMs: number;
  nowMs: number;
  progress: Progress;
};

/** Boundaries that one call cuts: bounds its transaction. */
const boundariesMax = 2_000;

/**
 * Finds the cuts of all intervals that closed since the last boundary and stores them, once and for ever, together with
 * the intervals. Empty intervals are complete at once. Whoever comes second finds nothing to do.
 */
export async function cutIntervals({ names, postgres, topics, intervalMs, nowMs, progress }: Dependencies): Promise<CutResult> {
  const last = await readLastCut(postgres);
  if (last === undefined) throw new Failure('not_ready', 'The first boundary was not laid yet: run node workers/setup.ts.');
  const boundaries = closedBoundaries(last.atMs, nowMs, intervalMs, boundariesMax);
  if (boundaries.length === 0) return { intervals: 0, empty: 0, more: false };
  const lookUp = async (boundaryMs: number): Promise<CutOffset[]> => {
    progress.beat();
    const found = await Promise.all(
      names.topics.map(async (topic) =>
        (await topics.fetchOffsetsAtTime(topic, boundaryMs)).map(({ partition, offset }) => ({ topic, partition, offset })),
      ),
    );
    return found.flat();
  };
  const found = await findCuts(boundaries, last.offsets, lookUp);
  const cuts = found.flatMap((one) => one.boundaries.map((atMs) => ({ atMs, offsets: one.offsets })));
  const more = boundaries.length === boundariesMax;
  return postgres.transaction(async (statements) => {
    await lockCuts(statements);
    // Another cutter was faster: its cuts are the truth, ours were found for nothing.
    if ((await readLastCut(statements))?.atMs !== last.atMs) return { intervals: 0, empty: 0, more: true };
    await insertCuts(statements, cuts);
    const empty = await insertIntervals(statements, last, cuts);
    return { intervals: cuts.length, empty, more };
  });
}

async function insertIntervals(statements: Statements, last: Cut, cuts: readonly Cut[]): Promise<number> {
  const starts = [last, ...cuts];
  const empty = cuts.map((cut, i) => sameCut(starts[i]!.offsets, cut.offsets));
  await statements.execute(
    `INSERT INTO pinflow.interval (start, "end", state, records, clean, rejects, duplicates)
     SELECT s, e, CASE WHEN empty THEN 'complete' ELSE 'cut' END, zero, zero, zero, zero
     FROM (SELECT s, e, empty, CASE WHEN empty THEN 0 END AS zero FROM unnest($1::timestamptz[], $2::timestamptz[], $3::boolean[]) AS one(s, e, empty)) AS given`,
    [cuts.map((_, i) => timeText(starts[i]!.atMs)), cuts.map(({ atMs }) => timeText(atMs)), empty],
  );
  return empty.filter(Boolean).length;
}
