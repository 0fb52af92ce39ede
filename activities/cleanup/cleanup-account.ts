import type { Statements } from '#adapters/postgres.ts';
import type { CleanupTarget } from '#domain/retention.ts';

type Outcome = { run: string; target: CleanupTarget; removed: number; problem: string | null };

/** Notes what a call of a run did. A call that dies is not noted: the account is for people. */
export async function noteCleanup(statements: Pick<Statements, 'execute'>, { run, target, removed, problem }: Outcome): Promise<void> {
  await statements.execute(
    `INSERT INTO pinflow.cleanup AS c (target, run_id, removed, removed_total, problem) VALUES ($1, $2, $3, $3, $4)
     ON CONFLICT (target) DO UPDATE SET run_id = excluded.run_id, ended_at = now(), problem = excluded.problem,
       removed = excluded.removed + CASE WHEN c.run_id = excluded.run_id THEN c.removed ELSE 0 END,
       removed_total = c.removed_total + excluded.removed`,
    [target, run, removed, problem],
  );
}
