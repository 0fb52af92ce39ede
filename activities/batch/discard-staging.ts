import { countsKey } from '#activities/batch/clean-part.ts';
import type { RunRef } from '#activities/ledger/interval-ledger.ts';
import { readPlan, stagingKeys } from '#activities/batch/plan-interval.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';

/** Removes what a run kept aside, the plan last: as long as that is there, it says what else may be. */
export async function discardStaging(s3: S3, run: RunRef, planKey: string): Promise<void> {
  const plan = await readPlan(s3, planKey).catch((error: unknown) => {
    if (error instanceof Failure && error.kind === 'missing') return undefined;
    throw error;
  });
  if (plan === undefined) return;
  const keys = plan.parts.flatMap(({ index, slices }) => [
    countsKey(run, index),
    ...slices.flatMap(({ kind }) => Object.values(stagingKeys(run, index, kind))),
  ]);
  if (keys.length > 0) await s3.delete(keys);
  await s3.delete([planKey]);
}
