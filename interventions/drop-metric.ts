import { onLedger } from '#questions/list-intervals.ts';
import { dropMartTable } from '#setup/mart-tables.ts';
import { dropStreamTable } from '#setup/stream-tables.ts';
import { lockMetricTables, readMetricTables } from '#activities/ledger/metric-tables.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { metrics } from '#domain/metrics/list.ts';
import type { Metric } from '#domain/metrics/metric.ts';

/** What is left of a metric in Postgres, and was dropped, or would be. */
export type DroppedMetric = { dryRun: boolean; name: string; tables: string[] };

/**
 * Drops what is left in Postgres of a metric that is no longer in the list: its tables and its view. Its lake table, if it was
 * a mart, stays in the bucket, as generations name it.
 * @throws Failure `conflict` where the metric is in the list, or workers still keep it up; `missing` where there is nothing of it.
 */
export async function dropMetric(
  postgres: Pick<Postgres, 'transaction'>,
  { name, dryRun }: { name: string; dryRun: boolean },
  list: readonly Metric[] = metrics,
): Promise<DroppedMetric> {
  if (list.some((metric) => metric.name === name))
    throw new Failure(
      'conflict',
      `Metric ${name} is in the list of this code: take it out of domain/metrics/list.ts first. Nothing was changed.`,
    );
  return onLedger(() =>
    postgres.transaction(async (statements) => {
      await lockMetricTables(statements, 'alone');
      const left = (await readMetricTables(statements)).filter((table) => table.name === name);
      if (left.length === 0) throw new Failure('missing', `There is no table of a metric ${name}. Nothing was changed.`);
      if (left.some(({ isRetired }) => !isRetired))
        throw new Failure(
          'conflict',
          `Metric ${name} is still kept up: run node workers/setup.ts of the version that is without it first. Nothing was changed.`,
        );
      if (!dryRun) {
        for (const table of left) await (table.form === 'stream' ? dropStreamTable : dropMartTable)(statements, table);
        await statements.execute(`DELETE FROM pinflow.mart WHERE name = $1`, [name]);
      }
      return { dryRun, name, tables: left.map(({ table }) => table) };
    }),
  );
}
