import { join } from 'node:path';
import type { Progress } from '#activities/batch/progress.ts';
import type { RunStatements } from '#activities/batch/run-statements.ts';
import { effects } from '#activities/batch/run-statements.ts';
import { identifier, literal, parquetList } from '#domain/sql-text.ts';
import type { ChildStep } from '#adapters/duckdb/child.ts';
import type { Row } from '#adapters/duckdb/connection.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import type { Mart } from '#domain/metrics/metric.ts';

/** A mart's rows as local files, Parquet and JSON with an object a line, and what makes them these rows and no others. */
export type ComputedMart = { mart: Mart; parquet: string; json: string; rows: number; fingerprint: string };

export type FailedMart = { mart: Mart; error: unknown };

type Dependencies = { runStatements: RunStatements; progress: Progress };

/** Computes marts over views. All in one process; where that fails each in its own, so that one holds up no other. */
export async function computeMarts(
  dependencies: Dependencies,
  marts: readonly Mart[],
  views: readonly string[],
  folder: string,
): Promise<{ computed: ComputedMart[]; failed: FailedMart[] }> {
  const outputs = marts.map((mart) => ({ mart, parquet: join(folder, `${mart.name}.parquet`), json: join(folder, `${mart.name}.json`) }));
  const run = async (some: typeof outputs): Promise<ComputedMart[]> => {
    const steps = some.flatMap(({ mart, parquet, json }) => martSteps(mart, parquet, json));
    const results = await dependencies.runStatements({ steps: [...effects(views), ...steps], folder, progress: dependencies.progress });
    return some.map((output, i) => ({ ...output, ...fingerprintOf(output.mart, results[i]![0]) }));
  };
  try {
    return { computed: await run(outputs), failed: [] };
  } catch (error) {
    dependencies.progress.signal.throwIfAborted();
    if (outputs.length === 1) return { computed: [], failed: [{ mart: outputs[0]!.mart, error }] };
  }
  const computed: ComputedMart[] = [];
  const failed: FailedMart[] = [];
  for (const output of outputs) {
    try {
      computed.push(...(await run([output])));
    } catch (error) {
      dependencies.progress.signal.throwIfAborted();
      failed.push({ mart: output.mart, error });
    }
  }
  return { computed, failed };
}

/** Of names and types too: the sum over values is the same under another name, and for an integer of another width. */
function fingerprintOf({ columns }: Mart, row: Row | undefined): { rows: number; fingerprint: string } {
  const shape = columns.map(({ name, duckdb }) => [name, duckdb]);
  return { rows: Number(row?.['rows']), fingerprint: JSON.stringify([shape, row]) };
}

/** The mart as Parquet, the same as JSON for Postgres, and a fingerprint of its rows. */
function martSteps({ columns, batchSql }: Mart, parquet: string, json: string): ChildStep[] {
  const typed = columns.map(({ name, duckdb }) => `${identifier(name)}::${duckdb} AS ${identifier(name)}`).join(', ');
  const names = columns.map(({ name }) => identifier(name)).join(', ');
  const statements = [
    `COPY (SELECT ${typed} FROM (${domainSql(batchSql)}\n) ORDER BY ALL NULLS LAST) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd)`,
    `COPY (SELECT * FROM ${parquetList([parquet])}) TO ${literal(json)} (FORMAT json)`,
  ];
  const fingerprint = `SELECT count(*) AS rows, sum(hash(${names}))::VARCHAR AS sum FROM ${parquetList([parquet])}`;
  return [...effects(statements), { sql: fingerprint, returnRows: true }];
}
