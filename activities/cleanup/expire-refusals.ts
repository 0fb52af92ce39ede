import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';

/** Deletes what the door's account of refusals holds of minutes out of retention. */
export function makeRefusalSweep(statements: Pick<Statements, 'execute'>, keepMs: number): Sweep {
  return async (rowsMax) => {
    const removed = await statements.execute(deleteOldest, [keepMs / 1_000, rowsMax]);
    return { removed, isDone: removed < rowsMax };
  };
}

// The rows are locked, so their ctid stays until they are deleted.
const deleteOldest = `
  DELETE FROM pinflow.door_refusal
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pinflow.door_refusal
    WHERE minute < now() - make_interval(secs => $1)
    ORDER BY minute LIMIT $2 FOR UPDATE SKIP LOCKED
  ))`;
