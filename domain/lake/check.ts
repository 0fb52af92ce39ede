import type { PartitionRecords } from '#domain/lake/batch-plan.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { kinds } from '#domain/kinds/list.ts';

/** What cleaning counted in one partition of a part. */
export type PartitionCounts = { kind: Kind; topic: string; partition: number; records: number; clean: number; rejects: number };

/** What choosing the winners left of a kind. */
export type WinnerCounts = { kind: Kind; rows: number };

export type Completeness = { records: number; clean: number; rejects: number; duplicates: number; problems: string[] };

/**
 * Whether every record of an interval became a clean row, a reject or a duplicate. Records come from the cuts alone, so
 * nothing that reads the objects can hide a loss.
 * @param rejectRows rows that the rejects file really holds.
 */
export function checkCompleteness(
  expected: readonly PartitionRecords[],
  counts: readonly PartitionCounts[],
  winners: readonly WinnerCounts[],
  rejectRows: number,
): Completeness {
  const problems: string[] = [];
  const sum = (select: (one: PartitionCounts) => number, of: readonly PartitionCounts[] = counts): number =>
    of.reduce((total, one) => total + select(one), 0);
  for (const { topic, partition, records, gaps = 0 } of expected) {
    const read = counts.filter((one) => one.topic === topic && one.partition === partition);
    const found = sum((one) => one.records, read);
    if (found !== records)
      problems.push(
        `${topic}/${partition} has ${records} records by its cuts${gaps > 0 ? ` and ${gaps} offsets without one` : ''}, ${found} were read`,
      );
  }
  const known = new Set(expected.map(({ topic, partition }) => `${topic}/${partition}`));
  for (const { topic, partition, records } of counts)
    if (records > 0 && !known.has(`${topic}/${partition}`))
      problems.push(`${records} records of ${topic}/${partition} were read, which the interval does not hold`);
  for (const { topic, partition, records, clean, rejects } of counts) {
    if (clean + rejects !== records)
      problems.push(`${topic}/${partition}: ${records} records became ${clean} clean rows and ${rejects} rejects`);
  }
  let rows = 0;
  let duplicates = 0;
  for (const kind of kinds) {
    const clean = sum(
      (one) => one.clean,
      counts.filter((one) => one.kind === kind),
    );
    const won = winners.find((one) => one.kind === kind)?.rows ?? 0;
    if (won > clean || (won === 0 && clean > 0)) problems.push(`${kind}: ${clean} clean rows left ${won} winners`);
    rows += won;
    duplicates += clean - won;
  }
  const rejects = sum((one) => one.rejects);
  if (rejects !== rejectRows) problems.push(`${rejects} records were rejected, the rejects file holds ${rejectRows}`);
  return { records: expected.reduce((total, one) => total + one.records, 0), clean: rows, rejects, duplicates, problems };
}
