import type { Generation } from '#activities/lake/generations.ts';
import type { IntervalCounts } from '#activities/ledger/interval-ledger.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';

/**
 * All that a publish needs, so that anyone can finish it: it stands in the lake's lock row from before the first
 * commit until the generation row is there. Its files are in the bucket already.
 */
export type PublishPlan = {
  run: string;
  cause: Exclude<Generation['cause'], 'abandonment'>;
  interval?: string;
  /** Tables in the order of their commits. */
  changes: TableChange[];
  contentSha256: string;
  codeVersion: string;
  counts: IntervalCounts;
  /** Of marts: the generation that they were computed over. */
  basedOn?: number;
};

/** That a pending publish is let go, once decided. `id` names its commits. */
export type AbandonDecision = { id: string; why: string; by: string; at: string };

/** The publish that was decided and is not finished, and how it fares. */
export type Pending = {
  plan: PublishPlan;
  since: Date;
  ageSeconds: number;
  /** Tries to finish it that failed, and the last one. */
  tries: number;
  triedAt: Date | null;
  problem: string | null;
  abandon: AbandonDecision | null;
};

const columns = `pending AS plan, pending_since AS since, extract(epoch FROM clock_timestamp() - pending_since)::float8 AS "ageSeconds",
  tries, tried_at AS "triedAt", problem, abandon`;

/** The pending publish as it stands; takes no lock. */
export async function readPending(statements: Pick<Statements, 'query'>): Promise<Pending | undefined> {
  return one(await statements.query<Pending>(`SELECT ${columns} FROM pinflow.lake_lock WHERE id = 1`));
}

/** Takes the lake's lock until the end of the transaction. @returns what is pending. */
export async function lockLake(statements: Statements): Promise<Pending | undefined> {
  // Between two statements lie commits to S3, which may be slow; a lock that is lost does no harm, a publish that can
  // never finish would.
  await statements.execute(`SET LOCAL idle_in_transaction_session_timeout = '10min'`);
  return one(await statements.query<Pending>(`SELECT ${columns} FROM pinflow.lake_lock WHERE id = 1 FOR UPDATE`));
}

export async function writePending(statements: Statements, planText: string): Promise<void> {
  await statements.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now() WHERE id = 1`, [planText]);
}

export async function clearPending(statements: Statements): Promise<void> {
  await statements.execute(
    `UPDATE pinflow.lake_lock SET pending = NULL, pending_since = NULL, tries = 0, tried_at = NULL, problem = NULL, abandon = NULL WHERE id = 1`,
  );
}

const problemChars = 1_000;

/** Keeps what a try to finish the pending publish of `run` failed of; a transaction of its own, as that try's is gone. */
export async function recordTry(postgres: Pick<Postgres, 'execute'>, run: string, error: unknown): Promise<void> {
  const problem = (error instanceof Error ? error.message : String(error)).slice(0, problemChars);
  await postgres.execute(
    `UPDATE pinflow.lake_lock SET tries = tries + 1, tried_at = now(), problem = $2 WHERE id = 1 AND pending ->> 'run' = $1`,
    [run, problem],
  );
}

function one([row]: readonly (Omit<Pending, 'plan'> & { plan: PublishPlan | null })[]): Pending | undefined {
  if (row === undefined) throw new Failure('configuration', 'pinflow.lake_lock has lost its row: insert (id) VALUES (1).');
  const { plan, ...rest } = row;
  return plan === null ? undefined : { plan, ...rest };
}
