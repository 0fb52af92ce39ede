import type { DeltaLog, Restored } from '#activities/lake/delta-log.ts';
import type { Generation } from '#activities/lake/generations.ts';
import { insertGeneration, readNewestGeneration } from '#activities/lake/generations.ts';
import type { AbandonDecision, Pending } from '#activities/lake/lake-lock.ts';
import { clearPending } from '#activities/lake/lake-lock.ts';
import type { Statements } from '#adapters/postgres.ts';

/**
 * Carries out that a pending publish is let go, under the lake's lock. Each table gets a commit that puts it back as it
 * was, or that takes the version which the run would have taken: a holder of the lock that lost it and wakes up late
 * finds that and stops. The generation row moves everyone on behind those commits, the row of the abandonment keeps the
 * run from coming again, and its interval is ready to run anew.
 */
export async function finishAbandonment(
  log: DeltaLog,
  statements: Statements,
  { plan, since, tries, problem }: Pending,
  { id, why, by, at }: AbandonDecision,
): Promise<Generation> {
  const { run, cause, interval } = plan;
  const newest = await readNewestGeneration(statements);
  const versions = { ...newest?.versions };
  const tables: Record<string, Restored> = {};
  const assertHeld = (): Promise<unknown> => statements.query('SELECT 1');
  for (const change of plan.changes) {
    const restored = await log.restore(change, { run, abandonment: id }, versions[change.table] ?? -1, assertHeld);
    versions[change.table] = restored.version;
    tables[change.table] = restored;
  }
  const generation = await insertGeneration(
    statements,
    {
      run: id,
      cause: 'abandonment',
      contentSha256: newest?.contentSha256 ?? '',
      codeVersion: plan.codeVersion,
      counts: { records: 0, clean: 0, rejects: 0, duplicates: 0 },
      ...(newest === undefined ? {} : { basedOn: newest.id }),
    },
    versions,
  );
  await statements.execute(
    `INSERT INTO pinflow.abandonment (run_id, cause, interval_start, why, abandoned_by, decided_at, pending_since, tries, problem, tables, generation)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [run, cause, interval ?? null, why, by, at, since, tries, problem, JSON.stringify(tables), generation.id],
  );
  if (interval !== undefined)
    await statements.execute(
      `UPDATE pinflow.interval SET state = 'cut', attempts = 0, failures = 0, not_before = NULL, problem = NULL, updated_at = now()
       WHERE start = $1 AND run_id = $2 AND state <> 'complete'`,
      [interval, run],
    );
  await clearPending(statements);
  return generation;
}
