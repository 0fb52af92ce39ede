import { randomUUID } from 'node:crypto';
import { readNewestGeneration } from '#activities/lake/generations.ts';
import { lockLake, readPending } from '#activities/lake/lake-lock.ts';
import type { AbandonDecision, Pending, PublishPlan } from '#activities/lake/lake-lock.ts';
import type { PublishDependencies } from '#activities/lake/publish.ts';
import { finishPending } from '#activities/lake/publish.ts';
import type { Statements } from '#adapters/postgres.ts';
import { Failure, failureKindOf } from '#domain/failures.ts';
import type { AbandonWish } from '#domain/lake/abandon-wish.ts';
import type { NotPutBack } from '#domain/lake/plan-reversal.ts';

/** A pending publish that was let go, or would be. */
export type Abandoned = {
  dryRun: boolean;
  run: string;
  cause: string;
  /** Start of the interval that it was of, which runs anew; null for marts. */
  interval: string | null;
  pendingSince: string;
  tries: number;
  problem: string | null;
  why: string;
  by: string;
  tables: AbandonedTable[];
  /** The generation in which the tables are as before; null while this was only asked. */
  generation: number | null;
};

export type AbandonedTable = {
  table: string;
  /** Version of the run's commit, which was put back. */
  committed: number | null;
  /** Files that it removed and that are not back, as what the table said of them cannot be read any more. */
  notPutBack: string[];
  /** Whether its columns stay, as those of before cannot be read any more. */
  columnsNotPutBack: boolean;
};

export const nothingIsPending = 'No publish is pending: there is nothing to abandon';
export const somebodyIsAtWork = 'Somebody is at work on the pending publish right now: look at npx pinflow status, and try again';

/** A publish that nobody has failed at yet is let alone for so long: it is under way, or the next publisher finishes it. */
const youngSeconds = 60;

/**
 * Lets the pending publish go. First that is written down, before anything is asked of S3; then it is carried out: a crash in
 * between, or an outage, is finished by whoever gets the lock next, and nobody finishes the publish itself any more.
 * @param by who asks, as it is kept: `key <id>` or `user <name>`.
 * @throws Failure `missing` where nothing (or not the run named) is pending, `conflict` where it is under way.
 */
export async function abandonPending(dependencies: PublishDependencies, { why, run, dryRun }: AbandonWish, by: string): Promise<Abandoned> {
  const { postgres } = dependencies;
  const { pending, abandon } = await postgres.transaction(async (statements) => {
    const pending = await lockSoon(statements);
    assertToBeAbandoned(pending, run);
    const abandon = pending.abandon ?? { id: `abandonment-${randomUUID()}`, why, by, at: new Date().toISOString() };
    if (!dryRun && pending.abandon === null) await writeAbandon(statements, abandon);
    return { pending, abandon };
  });
  if (!dryRun) await finishDecided(dependencies, pending.plan.run);
  const done = dryRun ? undefined : await readAbandonment(postgres, pending.plan);
  return {
    dryRun,
    run: pending.plan.run,
    cause: pending.plan.cause,
    interval: pending.plan.interval ?? null,
    pendingSince: pending.since.toISOString(),
    tries: pending.tries,
    problem: pending.problem,
    why: abandon.why,
    by: abandon.by,
    tables: done?.tables ?? (await findCommits(dependencies, pending.plan)),
    generation: done?.generation ?? null,
  };
}

async function writeAbandon(statements: Statements, decision: AbandonDecision): Promise<void> {
  await statements.execute(`UPDATE pinflow.lake_lock SET abandon = $1 WHERE id = 1`, [JSON.stringify(decision)]);
}

type Row = { generation: number; tables: Record<string, { committed: number | null } & Partial<NotPutBack>> };

async function readAbandonment(
  statements: Pick<Statements, 'query'>,
  { run, changes }: PublishPlan,
): Promise<Pick<Abandoned, 'generation' | 'tables'> | undefined> {
  const [row] = await statements.query<Row>('SELECT generation, tables FROM pinflow.abandonment WHERE run_id = $1', [run]);
  if (row === undefined) return undefined;
  const tables = changes.map(({ table }) => {
    const { committed = null, notPutBack = [], columnsNotPutBack = false } = row.tables[table] ?? {};
    return { table, committed, notPutBack, columnsNotPutBack };
  });
  return { generation: row.generation, tables };
}

async function findCommits({ postgres, log }: PublishDependencies, { run, changes }: PublishPlan): Promise<AbandonedTable[]> {
  const versions = (await readNewestGeneration(postgres))?.versions ?? {};
  return Promise.all(
    changes.map(async ({ table }) => {
      const committed = await log.findCommit(table, run, versions[table] ?? -1);
      return { table, committed, notPutBack: [], columnsNotPutBack: false };
    }),
  );
}

/** A look before anything is opened. @throws Failure `missing`. */
export async function assertSomethingPending(statements: Pick<Statements, 'query'>): Promise<void> {
  if ((await readPending(statements)) === undefined) throw nothingPending();
}

function nothingPending(): Failure {
  return new Failure('missing', `${nothingIsPending}.`);
}

/** Somebody else may have finished it meanwhile, and a later publish may be pending by now: that one is not ours. */
async function finishDecided(dependencies: PublishDependencies, run: string): Promise<void> {
  if ((await readPending(dependencies.postgres))?.plan.run !== run) return;
  try {
    await finishPending(dependencies);
  } catch (error) {
    throw new Failure(
      failureKindOf(error) ?? 'unavailable',
      `That the publish of run ${run} is let go is decided, and could not be carried out yet: ${(error as Error).message} Whoever publishes next tries again, and so does this command.`,
      { cause: error },
    );
  }
}

async function lockSoon(statements: Statements): Promise<Pending | undefined> {
  try {
    await statements.execute(`SET LOCAL lock_timeout = '3s'`);
    return await lockLake(statements);
  } catch (error) {
    if (failureKindOf(error) !== 'conflict') throw error;
    throw new Failure('conflict', `${somebodyIsAtWork}.`, { cause: error });
  }
}

function assertToBeAbandoned(pending: Pending | undefined, run: string | undefined): asserts pending is Pending {
  if (pending === undefined) throw nothingPending();
  const { plan, problem, ageSeconds, abandon } = pending;
  if (run !== undefined && run !== plan.run)
    throw new Failure('missing', `The publish of run ${run} is not pending, that of run ${plan.run} is: nothing was changed.`);
  if (abandon === null && problem === null && ageSeconds < youngSeconds)
    throw new Failure(
      'conflict',
      `The publish of run ${plan.run} is pending for ${Math.round(ageSeconds)} s and nobody failed at it yet: it is under way, or the next publisher finishes it. Nothing was changed.`,
    );
}
