import assert from 'node:assert/strict';
import { beginRun } from '#activities/ledger/interval-ledger.ts';
import type { Generation } from '#activities/lake/generations.ts';
import type { PublishPlan } from '#activities/lake/lake-lock.ts';
import type { PublishDependencies } from '#activities/lake/publish.ts';
import { publish as publishPlan } from '#activities/lake/publish.ts';
import type { S3 } from '#adapters/s3.ts';
import { commitPath, parseCommit, runOfCommit } from '#domain/lake/delta.ts';
import { lakeTableShapes } from '#domain/lake/tables.ts';
import { lakeTables } from '#domain/names.ts';
import type { LakeEnvironment } from '#test/activities/batch/lake-environment.ts';

const counts = { records: 1, clean: 1, rejects: 0, duplicates: 0 };

/** A publish of one file per lake table. */
export function plan(run: string, interval: string): PublishPlan {
  return {
    run,
    cause: 'interval',
    interval,
    contentSha256: run,
    codeVersion: 'test',
    counts,
    changes: lakeTables.map((table) => ({
      table,
      columns: lakeTableShapes[table].columns,
      partitioned: true,
      replaces: 'interval',
      files: [{ path: `dt=${interval.slice(0, 10)}/${run}.parquet`, bytes: 1, rows: 1, partitionDate: interval.slice(0, 10) }],
    })),
  };
}

/** Puts the files of a plan: what they hold does not matter to the log. */
export async function stage(s3: S3, { changes }: PublishPlan): Promise<void> {
  for (const { table, files } of changes) for (const { path } of files) await s3.put(`lake/${table}/${path}`, Buffer.from('x'));
}

/** Publishes as a run does: it has taken its interval, and its files are in the bucket. */
export async function publish(dependencies: PublishDependencies & { s3: S3 }, wanted: PublishPlan): Promise<Generation> {
  await beginRun(dependencies.postgres, { start: wanted.interval!, run: wanted.run });
  await stage(dependencies.s3, wanted);
  return publishPlan(dependencies, wanted);
}

/** Runs of each table's commits, in order of versions. */
export async function commitsOf(lake: LakeEnvironment): Promise<Record<string, (string | undefined)[]>> {
  const commits: Record<string, (string | undefined)[]> = {};
  for (const table of lakeTables) {
    const keys = (await lake.s3.list(`lake/${table}/_delta_log/`)).map(({ key }) => key).toSorted();
    assert.deepEqual(
      keys,
      keys.map((_, version) => `lake/${table}/${commitPath(version)}`),
      'versions follow each other',
    );
    commits[table] = await Promise.all(keys.map(async (key) => runOfCommit(parseCommit(await lake.s3.get(key)))));
  }
  return commits;
}
