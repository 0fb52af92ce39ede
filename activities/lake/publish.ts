import { assertOwnRun, recordComplete } from '#activities/batch/interval-ledger.ts';
import type { IntervalCounts } from '#activities/batch/interval-ledger.ts';
import type { DeltaLog } from '#activities/lake/delta-log.ts';
import type { Generation } from '#activities/lake/generations.ts';
import { readGenerationOfRun, readNewestGeneration } from '#activities/lake/generations.ts';
import type { Postgres, Statements } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';

/**
 * All that a publish needs, so that anyone can finish it: it stands in the lake's lock row from before the first
 * commit until the generation row is there. Its files are in the bucket already.
 */
export type PublishPlan = {
  run: string;
  cause: Generation['cause'];
  interval?: string;
  /** Tables in the order of their commits. */
  changes: TableChange[];
  contentSha256: string;
  codeVersion: string;
  counts: IntervalCounts;
  basedOn?: number;
  /** Tables of schema marts and the objects that hold their rows as a JSON list. */
  marts: { name: string; rowsKey: string }[];
};

export type PublishDependencies = { postgres: Postgres; s3: S3; log: DeltaLog };

/** Turns of the lock that one publish may take: its own two, and finishing what others left. */
const turnsMax = 50;

/**
 * Publishes: one Delta commit a table under the lake's lock, then the generation row. Readers go by the newest
 * generation row, so a publish that is half done is invisible to them; whoever gets the lock next finishes it.
 *
 * Two turns of the lock: the first writes the plan into the lock's row, the second carries it out. Both may be repeated
 * by anyone at any point: a commit is put only if its version is absent, and names its run.
 * @param settle asked under the lock, when nothing is pending and the interval is the run's: what it gives ends the
 *   publish without a commit.
 * @throws Failure `fenced` when another run took the interval.
 */
export async function publish<Settled = never>(
  dependencies: PublishDependencies,
  plan: PublishPlan,
  settle?: (statements: Statements) => Promise<Settled | undefined>,
): Promise<Generation | Settled> {
  for (let turn = 0; turn < turnsMax; turn++) {
    const result = await dependencies.postgres.transaction((statements) => takeTurn(dependencies, statements, plan, settle));
    if (result !== undefined) return result;
  }
  throw new Failure('conflict', `The publish of run ${plan.run} did not get its turn among ${turnsMax}.`);
}

/** Finishes the publish that a crash left behind, if there is one. */
export async function finishPending(dependencies: PublishDependencies): Promise<Generation | undefined> {
  return dependencies.postgres.transaction(async (statements) => {
    const pending = await lockLake(statements);
    return pending === undefined ? undefined : carryOut(dependencies, statements, pending);
  });
}

async function takeTurn<Settled>(
  dependencies: PublishDependencies,
  statements: Statements,
  plan: PublishPlan,
  settle?: (statements: Statements) => Promise<Settled | undefined>,
): Promise<Generation | Settled | undefined> {
  const pending = await lockLake(statements);
  if (pending !== undefined) {
    const generation = await carryOut(dependencies, statements, pending);
    return pending.run === plan.run ? generation : undefined;
  }
  const existing = await readGenerationOfRun(statements, plan.run);
  if (existing !== undefined) return existing;
  if (plan.interval !== undefined) await assertOwnRun(statements, { start: plan.interval, run: plan.run });
  const settled = await settle?.(statements);
  if (settled !== undefined) return settled;
  await assertCanFinish(statements, plan);
  await statements.execute(`UPDATE pinflow.lake_lock SET pending = $1, pending_since = now() WHERE id = 1`, [JSON.stringify(plan)]);
  return undefined;
}

/**
 * Looks before the plan is written what would keep it, and everyone behind it, from finishing.
 * @throws Failure `configuration` when a mart has no table.
 */
async function assertCanFinish(statements: Statements, plan: PublishPlan): Promise<void> {
  for (const { name } of plan.marts) {
    const [found] = await statements.query<{ oid: unknown }>(`SELECT to_regclass($1) AS oid`, [`marts.${quoted(name)}`]);
    if (found?.oid == null)
      throw new Failure('configuration', `Table marts.${name} does not exist: a new metric needs a migration that creates it.`);
  }
}

async function lockLake(statements: Statements): Promise<PublishPlan | undefined> {
  // Between two statements lie commits to S3, which may be slow; a lock that is lost does no harm, a publish that can
  // never finish would.
  await statements.execute(`SET LOCAL idle_in_transaction_session_timeout = '10min'`);
  const [row] = await statements.query<{ pending: PublishPlan | null }>(`SELECT pending FROM pinflow.lake_lock WHERE id = 1 FOR UPDATE`);
  if (row === undefined) throw new Failure('configuration', 'pinflow.lake_lock has lost its row: insert (id) VALUES (1).');
  return row.pending ?? undefined;
}

async function carryOut({ s3, log }: PublishDependencies, statements: Statements, plan: PublishPlan): Promise<Generation> {
  const newest = await readNewestGeneration(statements);
  const versions = { ...newest?.versions };
  for (const change of plan.changes) versions[change.table] = await log.commit(change, plan, versions[change.table] ?? -1);
  for (const { name, rowsKey } of plan.marts) await replaceMart(statements, name, await s3.get(rowsKey));
  await statements.execute(
    `INSERT INTO pinflow.generation (cause, interval_start, run_id, versions, content_sha256, code_version, based_on, records, clean, rejects, duplicates)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      plan.cause,
      plan.interval ?? null,
      plan.run,
      JSON.stringify(versions),
      plan.contentSha256,
      plan.codeVersion,
      plan.basedOn ?? null,
      plan.counts.records,
      plan.counts.clean,
      plan.counts.rejects,
      plan.counts.duplicates,
    ],
  );
  const generation = await readGenerationOfRun(statements, plan.run);
  if (generation === undefined) throw new Error(`the generation of run ${plan.run} vanished`);
  const { interval, run, counts, codeVersion } = plan;
  if (interval !== undefined)
    await recordComplete(statements, { start: interval, run }, { generation: generation.id, counts, codeVersion });
  await statements.execute(`UPDATE pinflow.lake_lock SET pending = NULL, pending_since = NULL WHERE id = 1`);
  return generation;
}

/** DELETE, not TRUNCATE: readers go on with the old rows until the commit. */
async function replaceMart(statements: Statements, name: string, rows: Buffer): Promise<void> {
  const table = `marts.${quoted(name)}`;
  await statements.execute(`DELETE FROM ${table}`);
  await statements.execute(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1::json)`, [rows.toString('utf8')]);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
