import { createHash } from 'node:crypto';
import type { IntervalCounts, RunRef } from '#activities/ledger/interval-ledger.ts';
import { recordComplete } from '#activities/ledger/interval-ledger.ts';
import type { TableFile } from '#activities/batch/select-winners.ts';
import { readLastOfInterval } from '#activities/lake/generations.ts';
import type { PublishPlan } from '#activities/lake/lake-lock.ts';
import type { PublishDependencies } from '#activities/lake/publish.ts';
import { publish } from '#activities/lake/publish.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { lakeTableShapes, partitionDate } from '#domain/lake/tables.ts';
import type { LakeTable } from '#domain/names.ts';
import { lakeTables } from '#domain/names.ts';

export type PublishRef = RunRef & { files: TableFile[]; counts: IntervalCounts };
export type Published = { outcome: 'published' | 'unchanged' | 'empty'; generation?: number };

/**
 * Makes a checked run the interval's result. The same content as the interval's last generation ends the run without a
 * commit, and so does an interval without records that was never published: both under the lake's lock, behind the same
 * fence as a publish, and after what others left pending, which may be a publish of this very interval.
 */
export async function publishInterval(
  dependencies: PublishDependencies,
  codeVersion: string,
  { start, run, files, counts }: PublishRef,
): Promise<Published> {
  const contentSha256 = contentHash(files);
  const plan: PublishPlan = {
    run,
    cause: 'interval',
    interval: start,
    changes: lakeTables.map((table) => changeOf(table, start, files)),
    contentSha256,
    codeVersion,
    counts,
  };
  const settle = async (statements: Statements): Promise<Published | undefined> => {
    const last = await readLastOfInterval(statements, start);
    if (last === undefined ? counts.records > 0 : last.contentSha256 !== contentSha256) return undefined;
    const generation = last?.id ?? null;
    await recordComplete(statements, { start, run }, { generation, counts, codeVersion });
    return generation === null ? { outcome: 'empty' } : { outcome: 'unchanged', generation };
  };
  const result = await publish(dependencies, plan, settle);
  return 'outcome' in result ? result : { outcome: 'published', generation: result.id };
}

function changeOf(table: LakeTable, start: string, files: readonly TableFile[]): TableChange {
  const file = files.find((one) => one.table === table);
  const { columns, partitioned } = lakeTableShapes[table];
  return {
    table,
    partitioned,
    replaces: 'interval',
    columns: columns.map(({ name, delta }) => ({ name, delta })),
    files:
      file === undefined || file.rows === 0
        ? []
        : [{ path: file.path, bytes: file.bytes, rows: file.rows, partitionDate: partitionDate(start) }],
  };
}

/** What an interval's result is, whatever its files are called and however its rows lie in them. */
function contentHash(files: readonly TableFile[]): string {
  const parts = lakeTables.map((table) => [table, files.find((one) => one.table === table)?.fingerprint ?? null]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
