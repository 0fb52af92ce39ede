import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';

/** Steps of one DELETE. In: $1 seconds that rows are kept, $2 rows at most, which a statement that removes fewer has come to the end of. */
export function makeDeleteSweep(statements: Pick<Statements, 'execute'>, sql: string, keepMs: number): Sweep {
  return async (rowsMax) => {
    const removed = await statements.execute(sql, [keepMs / 1_000, rowsMax]);
    return { removed, isDone: removed < rowsMax };
  };
}
