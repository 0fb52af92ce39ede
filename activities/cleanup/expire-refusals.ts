import { makeDeleteSweep } from '#activities/cleanup/delete-by-age.ts';
import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';

/** Deletes what the door's account of refusals holds of minutes out of retention. */
export function makeRefusalSweep(statements: Pick<Statements, 'execute'>, keepMs: number): Sweep {
  return makeDeleteSweep(statements, deleteOldest, keepMs);
}

// The rows are locked, so their ctid stays until they are deleted.
const deleteOldest = `
  DELETE FROM pinflow.door_refusal
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pinflow.door_refusal
    WHERE minute < now() - make_interval(secs => $1)
    ORDER BY minute LIMIT $2 FOR UPDATE SKIP LOCKED
  ))`;
