import { createHash } from 'node:crypto';
import type { IntervalCounts, RunRef } from '#activities/batch/interval-ledger.ts';
import { recordComplete } from '#activities/batch/interval-ledger.ts';
import type { TableFile } from '#activities/batch/select-winners.ts';
import { readLastOfInterval } from '#activities/lake/generations.ts';
import type { PublishDependencies } from '#activities/lake/publish.ts';
import { publish } from '#activities/lake/publish.ts';
import type { TableChange } from '#domain/lake/publish-plan.ts';
import { lakeTableShapes, partitionDate } from '#domain/lake/tables.ts';
import { lakeTables } from '#domain/names.ts';

export type PublishRef = RunRef & { files: TableFile[]; counts: IntervalCounts };
export type Published = { outcome: 'published' | 'unchanged' | 'empty'; generation?: number };

/**
 * Makes a checked run the interval's result. The same content as the interval's last generation ends the run without a
 * commit; so does an interval without records that was never published.
 */
export async function publishInterval(
  dependencies: PublishDependencies,
  codeVersion: string,
  { start, run, files, counts }: PublishRef,
): Promise<Published> {
  const contentSha256 = contentHash(files);
  const last = await readLastOfInterval(dependencies.postgres, start);
  if (last?.contentSha256 === contentSha256 && last.run !== run) {
    await recordComplete(dependencies.postgres, { start, run }, last.id, counts);
    return { outcome: 'unchanged', generation: last.id };
  }
  if (last === undefined && counts.records === 0) {
    await recordComplete(dependencies.postgres, { start, run }, null, counts);
    return { outcome: 'empty' };
  }
  const changes = lakeTables.map((table): TableChange => {
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
  });
  const generation = await publish(dependencies, {
    run,
    cause: 'interval',
    interval: start,
    changes,
    contentSha256,
    codeVersion,
    counts,
    marts: [],
  });
  return { outcome: 'published', generation: generation.id };
}

/** What an interval's result is, whatever its files are called and however its rows lie in them. */
function contentHash(files: readonly TableFile[]): string {
  const parts = lakeTables.map((table) => [table, files.find((one) => one.table === table)?.fingerprint ?? null]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
