import { createHash, randomBytes } from 'node:crypto';
import type { ComputedMart } from '#activities/batch/compute-marts.ts';
import { computeMarts } from '#activities/batch/compute-marts.ts';
import type { MartContent, MartRow } from '#activities/ledger/mart-ledger.ts';
import { readMarts, recordInLake, recordMartDone, recordMartFailure } from '#activities/ledger/mart-ledger.ts';
import type { Progress } from '#activities/batch/progress.ts';
import type { RunStatements } from '#activities/batch/run-statements.ts';
import { writeMart } from '#activities/batch/write-mart.ts';
import type { Generation } from '#activities/lake/generations.ts';
import { readNewestGeneration, readNewestOf } from '#activities/lake/generations.ts';
import type { LakeReader } from '#activities/lake/open-generation.ts';
import { openGeneration } from '#activities/lake/open-generation.ts';
import type { PublishDependencies } from '#activities/lake/publish.ts';
import { publish } from '#activities/lake/publish.ts';
import { withWorkFolder } from '#activities/lake/work-folder.ts';
import type { S3 } from '#adapters/s3.ts';
import { martShape } from '#domain/metrics/mart-table.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { tableFolder } from '#domain/lake/tables.ts';
import type { Mart } from '#domain/metrics/metric.ts';

/** `failed` names the marts that are not up to date, `restMs` when the first of them is tried again; more is in pinflow.mart. */
export type MartsResult = {
  outcome: 'refreshed' | 'unchanged' | 'current' | 'none';
  generation?: number;
  failed?: string[];
  restMs?: number;
};

type Dependencies = Omit<PublishDependencies, 's3'> &
  LakeReader & {
    postgres: PublishDependencies['postgres'];
    s3: S3;
    home: string;
    metrics: readonly Mart[];
    codeVersion: string;
    runStatements: RunStatements;
    progress: Progress;
  };

type Problems = Map<string, unknown[]>;

/**
 * Brings every mart up to the newest generation: computes it, publishes its lake table, and writes the same rows to
 * Postgres. The two are apart and so is each mart: what fails is noted beside the mart and tried again later, growing
 * apart, and holds up neither the others nor any publish. Nothing is computed while no interval was published since.
 */
export async function refreshMarts(dependencies: Dependencies, run: string): Promise<MartsResult> {
  const { postgres, metrics, codeVersion } = dependencies;
  const newest = await readNewestGeneration(postgres);
  const source = await readNewestOf(postgres, 'interval');
  if (newest === undefined || source === undefined) return { outcome: 'none' };
  const rows = await readMarts(
    postgres,
    metrics.map(({ name }) => name),
  );
  const behind = metrics.filter(({ name }) => !isCurrent(rows.get(name), source.id, codeVersion));
  const due = behind.filter(({ name }) => (rows.get(name)?.notBefore?.getTime() ?? 0) <= Date.now());
  const problems: Problems = new Map(behind.map(({ name }) => [name, []]));
  const published = due.length === 0 ? undefined : await refresh(dependencies, due, rows, newest, run, problems);
  for (const { name } of due) await settle(dependencies, name, problems.get(name)!);
  const failed = behind.filter((mart) => !due.includes(mart) || problems.get(mart.name)!.length > 0).map(({ name }) => name);
  const generation = published ?? (await readNewestOf(postgres, 'marts'));
  const outcome = published === undefined ? (due.length === 0 ? 'current' : 'unchanged') : 'refreshed';
  return {
    outcome,
    ...(generation === undefined ? {} : { generation: generation.id }),
    ...(failed.length === 0 ? {} : { failed, restMs: await restOf(postgres, failed) }),
  };
}

/** How long it is until the first of these marts is due. */
async function restOf(postgres: PublishDependencies['postgres'], failed: readonly string[]): Promise<number> {
  const rows = await readMarts(postgres, failed);
  const nextMs = Math.min(...[...rows.values()].map(({ notBefore }) => notBefore?.getTime() ?? 0));
  return Math.max(0, nextMs - Date.now());
}

function isCurrent(row: MartRow | undefined, source: number, codeVersion: string): boolean {
  return row !== undefined && row.codeVersion === codeVersion && (row.lakeCovers ?? 0) >= source && (row.covers ?? 0) >= source;
}

/** @returns the generation in which lake tables of the marts were published; undefined where none had changed. */
async function refresh(
  dependencies: Dependencies,
  due: readonly Mart[],
  rows: ReadonlyMap<string, MartRow>,
  newest: Generation,
  run: string,
  problems: Problems,
): Promise<Generation | undefined> {
  const { postgres, log, cache, home, codeVersion } = dependencies;
  return withWorkFolder(home, async (folder) => {
    const opened = await openGeneration({ postgres, log, cache }, folder, newest.id).catch((error: unknown) => {
      for (const { name } of due) problems.get(name)!.push(error);
    });
    if (opened === undefined) return undefined;
    const { computed, failed } = await computeMarts(dependencies, due, opened.views, folder);
    for (const { mart, error } of failed) problems.get(mart.name)!.push(error);
    const contentOf = ({ mart, fingerprint, rows: count }: ComputedMart): MartContent => ({
      name: mart.name,
      covers: newest.id,
      fingerprint,
      codeVersion,
      rows: count,
    });
    const isChanged = ({ mart, fingerprint }: ComputedMart): boolean => rows.get(mart.name)?.lakeFingerprint !== fingerprint;
    const [changed, unchanged] = [computed.filter(isChanged), computed.filter((one) => !isChanged(one))];
    const blame = (marts: readonly ComputedMart[]) => (error: unknown) => {
      dependencies.progress.signal.throwIfAborted();
      for (const { mart } of marts) problems.get(mart.name)!.push(error);
    };
    // Apart from the publish, of which they are no part: what it fails of leaves them current.
    await recordInLake(postgres, unchanged.map(contentOf)).catch(blame(unchanged));
    let generation: Generation | undefined;
    try {
      if (changed.length > 0) generation = await publishMarts(dependencies, changed, newest.id, run);
      await recordInLake(postgres, changed.map(contentOf));
    } catch (error) {
      blame(changed)(error);
    }
    for (const one of computed)
      await writeMart(postgres, contentOf(one), martShape(one.mart), one.json).catch((error: unknown) =>
        problems.get(one.mart.name)!.push(error),
      );
    return generation;
  });
}

async function publishMarts(dependencies: Dependencies, marts: readonly ComputedMart[], basedOn: number, run: string): Promise<Generation> {
  // Of this attempt alone: another may have computed over another generation, and its publish is not ours.
  const attempt = `${run}-${randomBytes(3).toString('hex')}`;
  const path = `${attempt}.parquet`;
  const changes: TableChange[] = [];
  for (const { mart, parquet, rows } of marts) {
    const { bytes } = await dependencies.s3.upload(parquet, `${tableFolder(mart.name)}/${path}`);
    changes.push({
      table: mart.name,
      columns: mart.columns.map(({ name, delta }) => ({ name, delta })),
      partitioned: false,
      replaces: 'all',
      files: rows === 0 ? [] : [{ path, bytes, rows }],
    });
  }
  const contentSha256 = createHash('sha256')
    .update(JSON.stringify(marts.map(({ mart, fingerprint }) => [mart.name, fingerprint])))
    .digest('hex');
  return publish(dependencies, {
    run: attempt,
    cause: 'marts',
    codeVersion: dependencies.codeVersion,
    contentSha256,
    basedOn,
    counts: { records: 0, clean: 0, rejects: 0, duplicates: 0 },
    changes,
  });
}

const problemChars = 500;

async function settle({ postgres }: Dependencies, name: string, problems: readonly unknown[]): Promise<void> {
  if (problems.length === 0) return recordMartDone(postgres, name);
  const text = problems.map((error) => (error instanceof Error ? error.message : String(error)).slice(0, problemChars)).join(' ');
  await postgres.transaction((statements) => recordMartFailure(statements, name, text, Date.now()));
}
