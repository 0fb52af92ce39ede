import { countsKey } from '#activities/batch/clean-part.ts';
import type { IntervalCounts, RunRef } from '#activities/ledger/interval-ledger.ts';
import { readPlan } from '#activities/batch/plan-interval.ts';
import type { TableFile } from '#activities/batch/select-winners.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import type { PartitionCounts } from '#domain/lake/check.ts';
import { checkCompleteness } from '#domain/lake/check.ts';
import { kindOfTable } from '#domain/lake/tables.ts';

export type CheckRef = RunRef & { planKey: string; files: TableFile[] };

const problemsShown = 3;

/**
 * Proves that the run lost and doubled nothing: records by the cuts = clean rows + rejects + duplicates.
 * @throws Failure `check_failed`; nothing of the run is published then.
 */
export async function checkInterval(s3: S3, ref: CheckRef): Promise<IntervalCounts> {
  const { parts, expected } = await readPlan(s3, ref.planKey);
  const counts: PartitionCounts[] = [];
  for (const { index } of parts) counts.push(...(JSON.parse((await s3.get(countsKey(ref, index))).toString('utf8')) as PartitionCounts[]));
  const winners = ref.files.flatMap(({ table, rows }) => {
    const kind = kindOfTable(table);
    return kind === undefined ? [] : [{ kind, rows }];
  });
  const { problems, ...totals } = checkCompleteness(
    expected,
    counts,
    winners,
    ref.files.find(({ table }) => table === 'rejects')?.rows ?? 0,
  );
  if (problems.length > 0) {
    throw new Failure(
      'check_failed',
      `Interval ${ref.start} does not add up, so the previous generation goes on serving: ${problems.slice(0, problemsShown).join('; ')}${problems.length > problemsShown ? `; and ${problems.length - problemsShown} more` : ''}.`,
    );
  }
  return totals;
}
