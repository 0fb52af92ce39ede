import type { Progress } from '#activities/batch/progress.ts';
import { unwatched } from '#activities/batch/progress.ts';
import { cleanUp } from '#activities/cleanup/make-cleanup-activities.ts';
import type { SweepLimits, Swept } from '#activities/cleanup/sweep.ts';
import type { S3 } from '#adapters/s3.ts';
import type { CleanupTarget } from '#domain/retention.ts';
import type { Environment } from '#test/support/environment.ts';

type Dependencies = Pick<Environment, 'config' | 'postgres'> & Partial<Pick<Environment, 's3'>>;

/** Cleans up one target in steps that are smaller than what is old, and counts the steps. */
export async function cleanUpCounted(
  dependencies: Dependencies,
  target: CleanupTarget,
  limits: Partial<SweepLimits> = {},
): Promise<Swept & { steps: number }> {
  let steps = 0;
  const progress: Progress = { ...unwatched, beat: () => void steps++ };
  // Only `staging` looks into the bucket.
  const s3 = dependencies.s3 ?? ({} as S3);
  const swept = await cleanUp({ ...dependencies, s3 }, { target, run: 'run' }, progress, { rowsMax: 100, budgetMs: 60_000, ...limits });
  return { ...swept, steps };
}
