import { makeDeleteSweep } from '#activities/cleanup/delete-by-age.ts';
import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';

/** Deletes what keys had in outcomes in hours out of retention; an hour more than the outcomes themselves, which lie within it. */
export function makeOutcomeUseSweep(statements: Pick<Statements, 'execute'>, keepMs: number): Sweep {
  return makeDeleteSweep(statements, deleteOld, keepMs);
}

// A row an hour and key: few enough to be read as a whole.
const deleteOld = `
  DELETE FROM pinflow.idempotency_use
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pinflow.idempotency_use
    WHERE hour <= now() - make_interval(secs => $1) - interval '1 hour' LIMIT $2 FOR UPDATE SKIP LOCKED
  ))`;
