import { readCut } from '#activities/ledger/cut-rows.ts';
import type { RunRef } from '#activities/ledger/interval-ledger.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import type { IntervalRef } from '#domain/intervals.ts';
import type { BatchPlan, LandedRange, PartitionRecords, RawSlice } from '#domain/lake/batch-plan.ts';
import { coverRange, planParts } from '#domain/lake/batch-plan.ts';
import { stagingFolder } from '#domain/lake/tables.ts';
import type { LakeTable, Names } from '#domain/names.ts';
import { lakeTables } from '#domain/names.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { OffsetRange } from '#domain/terms.ts';
import { kinds } from '#domain/kinds/list.ts';

/** What crosses Temporal of a plan: the plan itself is an object. One activity writes the tables of a group. */
export type PlanSummary = {
  planKey: string;
  parts: { index: number; kinds: Kind[]; objects: number; bytes: number }[];
  tableGroups: LakeTable[][];
  records: number;
  /** Offsets of the interval that hold no record. */
  gaps?: number;
};

/** Up to this many bytes of raw objects one process writes all tables: its start would cost more than the work. */
const smallBytesMax = 33_554_432;

type Dependencies = { names: Names; postgres: Postgres; s3: S3; partBytesMax: number };

/**
 * Plans a run: which lines of which raw objects belong to the interval, fanned out into parts.
 * @throws Failure `check_failed` where the landed ranges do not cover the interval without a gap.
 */
export async function planInterval(
  { names, postgres, s3, partBytesMax }: Dependencies,
  interval: IntervalRef,
  run: string,
): Promise<PlanSummary> {
  const ranges = await rangesOf(postgres, interval);
  const slices: { kind: Kind; slice: RawSlice }[] = [];
  const expected: PartitionRecords[] = [];
  for (const kind of kinds) {
    for (const range of ranges) {
      if (names.kindOfTopic(range.topic) !== kind || range.from === range.to) continue;
      const landed = await landedRanges(postgres, range);
      for (const slice of coverRange(range, landed)) slices.push({ kind, slice });
      const gaps = landed.reduce((sum, one) => sum + one.gaps, 0);
      expected.push({ kind, topic: range.topic, partition: range.partition, records: range.to - range.from - gaps, gaps });
    }
  }
  const plan: BatchPlan = { parts: planParts(slices, partBytesMax), expected };
  const planKey = `${stagingFolder(interval.start, run)}/plan.json`;
  await s3.put(planKey, Buffer.from(JSON.stringify(plan)), { contentType: 'application/json' });
  return {
    planKey,
    parts: plan.parts.map(({ index, bytes, slices: groups }) => ({
      index,
      bytes,
      kinds: groups.map(({ kind }) => kind),
      objects: groups.reduce((sum, group) => sum + group.slices.length, 0),
    })),
    tableGroups: bytesOf(plan) <= smallBytesMax ? [[...lakeTables]] : lakeTables.map((table) => [table]),
    records: expected.reduce((sum, { records }) => sum + records, 0),
    gaps: expected.reduce((sum, { gaps = 0 }) => sum + gaps, 0),
  };
}

/** @throws Failure `missing` when the run's leftovers were removed. */
export async function readPlan(s3: S3, planKey: string): Promise<BatchPlan> {
  return JSON.parse((await s3.get(planKey)).toString('utf8')) as BatchPlan;
}

/** Where a run keeps what a part became. Deterministic, so that a second attempt writes the same objects. */
export function stagingKeys({ start, run }: RunRef, part: number, kind: Kind): { clean: string; rejects: string } {
  const stem = `${stagingFolder(start, run)}/part-${String(part).padStart(5, '0')}-${kind}`;
  return { clean: `${stem}.parquet`, rejects: `${stem}-rejects.parquet` };
}

function bytesOf({ parts }: BatchPlan): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function rangesOf(postgres: Postgres, { start, end }: IntervalRef): Promise<OffsetRange[]> {
  const [first, last] = [await readCut(postgres, start), await readCut(postgres, end)];
  if (last.length === 0) throw new Failure('missing', `There is no cut at ${end}: only closed intervals can be run.`);
  if (first.length === 0)
    throw new Failure('missing', `There is no cut at ${start} any more: only intervals within RETENTION_CUT_DAYS can be run again.`);
  return last.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    from: first.find((cut) => cut.topic === topic && cut.partition === partition)?.offset ?? 0,
    to: offset,
  }));
}

/** The landed ranges that overlap an offset range, with the number of its offsets that hold no record. */
async function landedRanges(postgres: Postgres, { topic, partition, from, to }: OffsetRange): Promise<(LandedRange & { gaps: number })[]> {
  return postgres.query<LandedRange & { gaps: number }>(
    // The start is found through the range that holds `from`, so that the primary key answers.
    `SELECT first_offset AS first, last_offset AS last, object_key AS "objectKey", coalesce(object_bytes, 0) AS "objectBytes",
       (SELECT coalesce(sum(upper(gap) - lower(gap)), 0) FROM unnest(gaps * int8multirange(int8range($3, $4))) AS gap)::bigint AS gaps
     FROM pinflow.landing_range
     WHERE topic = $1 AND partition = $2 AND state = 'landed' AND first_offset < $4
       AND first_offset >= coalesce((SELECT max(first_offset) FROM pinflow.landing_range WHERE topic = $1 AND partition = $2 AND first_offset <= $3), $3)
     ORDER BY first_offset`,
    [topic, partition, from, to],
  );
}
