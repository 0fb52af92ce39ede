import { assertOwnRun, recordComplete } from '#activities/ledger/interval-ledger.ts';
import { finishAbandonment } from '#activities/lake/finish-abandonment.ts';
import { assertCanFinish, assertFilesThere } from '#activities/lake/assert-can-finish.ts';
import type { DeltaLog } from '#activities/lake/delta-log.ts';
import type { Generation } from '#activities/lake/generations.ts';
import { insertGeneration, readGenerationOfRun, readNewestGeneration } from '#activities/lake/generations.ts';
import type { Pending, PublishPlan } from '#activities/lake/lake-lock.ts';
import { clearPending, lockLake, readPending, recordTry, writePending } from '#activities/lake/lake-lock.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';

export type PublishDependencies = { postgres: Postgres; s3: Pick<S3, 'head'>; log: DeltaLog };

/** Turns of the lock that one publish may take: its own two, and finishing what others left. */
const turnsMax = 50;

/**
 * Publishes: one Delta commit a table under the lake's lock, then the generation row. Readers go by the newest
 * generation row, so a publish that is half done is invisible to them; whoever gets the lock next finishes it.
 *
 * Two turns of the lock: the first writes the plan into the lock's row, the second carries it out. Both may be repeated
 * by anyone at any point: a commit is put only if its version is absent, and names its run. As everyone behind it has to
 * finish it first, the plan is written only when all that carrying it out needs is there.
 * @param settle asked under the lock, when nothing is pending and the interval is the run's: what it gives ends the
 *   publish without a commit.
 * @throws Failure `fenced` when another run took the interval or the run was abandoned, `not_ready` when another run's
 *   publish cannot be finished.
 */
export async function publish<Settled = never>(
  dependencies: PublishDependencies,
  plan: PublishPlan,
  settle?: (statements: Statements) => Promise<Settled | undefined>,
): Promise<Generation | Settled> {
  // Before the lock is taken, so that nobody waits for it; a run that has no more say is told that first.
  const filesThere = assertFilesThere(dependencies.s3, plan);
  filesThere.catch(() => undefined);
  for (let turn = 0; turn < turnsMax; turn++) {
    const result = await inTurn(dependencies, plan.run, (statements) => takeTurn(dependencies, statements, { plan, filesThere, settle }));
    if (result !== undefined) return result;
  }
  throw new Failure('conflict', `The publish of run ${plan.run} did not get its turn among ${turnsMax}.`);
}

/**
 * Finishes what others left pending before a run does work that it could not publish behind that. Takes the lock only
 * where something is pending.
 * @throws Failure `not_ready` when another run's publish cannot be finished.
 */
export async function assertCanPublish(dependencies: PublishDependencies, run: string): Promise<void> {
  if ((await readPending(dependencies.postgres)) !== undefined) await finishPending(dependencies, run);
}

/**
 * Finishes the publish that a crash left behind, if there is one, or what lets it go.
 * @param run the one that waits for it, where one does: to that one its failure is but a reason to wait.
 */
export async function finishPending(dependencies: PublishDependencies, run?: string): Promise<Generation | undefined> {
  return inTurn(dependencies, run, async (statements) => {
    const pending = await lockLake(statements);
    return pending === undefined ? undefined : finish(dependencies, statements, pending);
  });
}

type Wanted<Settled> = {
  plan: PublishPlan;
  filesThere: Promise<void>;
  settle: ((statements: Statements) => Promise<Settled | undefined>) | undefined;
};

async function takeTurn<Settled>(
  dependencies: PublishDependencies,
  statements: Statements,
  { plan, filesThere, settle }: Wanted<Settled>,
): Promise<Generation | Settled | undefined> {
  const pending = await lockLake(statements);
  if (pending !== undefined) {
    const generation = await finish(dependencies, statements, pending);
    return generation.run === plan.run ? generation : undefined;
  }
  const existing = await readGenerationOfRun(statements, plan.run);
  if (existing !== undefined) return existing;
  if (plan.interval !== undefined) await assertOwnRun(statements, { start: plan.interval, run: plan.run });
  const settled = await settle?.(statements);
  if (settled !== undefined) return settled;
  await filesThere;
  await writePending(statements, await assertCanFinish(dependencies.log, statements, plan));
  return undefined;
}

/** That what was pending could not be finished; the cause says why. */
class Unfinished extends Error {
  readonly run: string;

  constructor(run: string, cause: unknown) {
    super(`the publish of run ${run} could not be finished`, { cause });
    this.run = run;
  }
}

async function finish(dependencies: PublishDependencies, statements: Statements, pending: Pending): Promise<Generation> {
  try {
    return await (pending.abandon === null
      ? carryOut(dependencies, statements, pending.plan)
      : finishAbandonment(dependencies.log, statements, pending, pending.abandon));
  } catch (error) {
    throw new Unfinished(pending.plan.run, error);
  }
}

/**
 * A turn of the lock. What kept the pending publish from being finished is written beside it, for people. To its own run
 * that is a failure like any other; to the others it says nothing but that they have to wait.
 */
async function inTurn<Result>(
  { postgres }: PublishDependencies,
  ownRun: string | undefined,
  work: (statements: Statements) => Promise<Result>,
): Promise<Result> {
  try {
    return await postgres.transaction(work);
  } catch (error) {
    if (!(error instanceof Unfinished)) throw error;
    // Where Postgres is what failed, nobody can write it down.
    await recordTry(postgres, error.run, error.cause).catch(() => undefined);
    if (ownRun === undefined || error.run === ownRun) throw error.cause;
    throw new Failure(
      'not_ready',
      `The lake waits for the publish of run ${error.run}, which could not be finished: ${(error.cause as Error).message} Mend that and it is finished by itself, or let it go with npx pinflow batch abandon.`,
      { cause: error.cause },
    );
  }
}

async function carryOut({ log }: PublishDependencies, statements: Statements, plan: PublishPlan): Promise<Generation> {
  const newest = await readNewestGeneration(statements);
  const versions = { ...newest?.versions };
  const assertHeld = (): Promise<unknown> => statements.query('SELECT 1');
  for (const change of plan.changes) versions[change.table] = await log.commit(change, plan, versions[change.table] ?? -1, assertHeld);
  const generation = await insertGeneration(statements, plan, versions);
  const { interval, run, counts, codeVersion } = plan;
  if (interval !== undefined)
    await recordComplete(statements, { start: interval, run }, { generation: generation.id, counts, codeVersion });
  await clearPending(statements);
  return generation;
}
