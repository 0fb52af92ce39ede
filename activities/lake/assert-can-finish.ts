import type { DeltaLog } from '#activities/lake/delta-log.ts';
import { readNewestGeneration, readNewestOf } from '#activities/lake/generations.ts';
import type { PublishPlan } from '#activities/lake/lake-lock.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { tableFolder } from '#domain/lake/tables.ts';

/** A plan names a file or two a table; one beyond this was made by a fault. */
const planBytesMax = 4_194_304;

/**
 * Looks whether the files of a plan are in the bucket as they were written. Nobody changes them, so this needs no lock.
 * @throws Failure `missing`.
 */
export async function assertFilesThere(s3: Pick<S3, 'head'>, { changes }: PublishPlan): Promise<void> {
  await Promise.all(
    changes.flatMap(({ table, files }) => files.map(({ path, bytes }) => assertFile(s3, `${tableFolder(table)}/${path}`, bytes))),
  );
}

/**
 * Looks, under the lake's lock and before the plan is written, for all else that would keep it, and everyone behind it, from
 * finishing: what is left to carrying it out is to put the commits and to insert the generation row.
 * @returns the plan as it is to be written.
 * @throws Failure `fenced` where the run was abandoned or a newer one published the marts, `missing` where a table's log is
 *   not there, `configuration` where a table is not as the code wants it.
 */
export async function assertCanFinish(log: DeltaLog, statements: Statements, plan: PublishPlan): Promise<string> {
  const planText = JSON.stringify(plan);
  if (planText.length > planBytesMax)
    throw new Error(`the plan of run ${plan.run} has ${planText.length} characters, ${planBytesMax} are allowed`);
  assertCounts(plan);
  await assertNotAbandoned(statements, plan.run);
  await assertNewest(statements, plan);
  const newest = await readNewestGeneration(statements);
  await Promise.all(plan.changes.map((change) => log.assertCanCommit(change, newest?.versions[change.table] ?? -1)));
  return planText;
}

/** The generation row takes whole numbers only. */
function assertCounts({ run, counts }: PublishPlan): void {
  for (const [name, count] of Object.entries(counts))
    if (!Number.isSafeInteger(count)) throw new Error(`run ${run} counted ${String(count)} ${name}`);
}

async function assertNotAbandoned(statements: Statements, run: string): Promise<void> {
  const [row] = await statements.query<{ done_at: Date; why: string }>(`SELECT done_at, why FROM pinflow.abandonment WHERE run_id = $1`, [
    run,
  ]);
  if (row !== undefined)
    throw new Failure(
      'fenced',
      `The publish of run ${run} was abandoned at ${row.done_at.toISOString()} (${row.why}): it publishes nothing.`,
    );
}

/** Marts of an older generation must not take the place of newer ones. */
async function assertNewest(statements: Statements, { run, cause, basedOn }: PublishPlan): Promise<void> {
  if (cause !== 'marts') return;
  const last = await readNewestOf(statements, 'marts');
  if ((last?.basedOn ?? 0) > (basedOn ?? 0))
    throw new Failure(
      'fenced',
      `Run ${run} computed marts over generation ${basedOn}, and those of generation ${last!.basedOn} are published.`,
    );
}

async function assertFile(s3: Pick<S3, 'head'>, key: string, bytes: number): Promise<void> {
  const found = await s3.head(key);
  if (found?.bytes === bytes) return;
  throw new Failure(
    'missing',
    `File ${key} ${found === undefined ? 'is not in the bucket' : `has ${found.bytes} bytes`}, and ${bytes} were written: the interval is run anew. Does anything else delete or write there?`,
  );
}
