import { makeDeleteSweep } from '#activities/cleanup/delete-by-age.ts';
import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';

/** Deletes outcomes of keyed requests that are older than their retention: the door takes those for absent already. */
export function makeOutcomeSweep(statements: Pick<Statements, 'execute'>, keepMs: number): Sweep {
  return makeDeleteSweep(statements, deleteOldest, keepMs);
}

// By place, not by key: a join with the keys reads the whole table. Rows that a request or another clean-up has at this
// moment are left to it; those taken are locked, so their place stays.
const deleteOldest = `
  DELETE FROM pinflow.idempotency
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pinflow.idempotency
    WHERE created_at <= now() - make_interval(secs => $1)
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ))`;
