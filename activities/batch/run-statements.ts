import type { Progress } from '#activities/batch/progress.ts';
import type { Row } from '#adapters/duckdb/connection.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import type { Config } from '#adapters/config.ts';

/** Statements for one DuckDB instance of their own; files and spills lie in `folder`. Rows come back for each of them. */
export type RunStatements = (work: { statements: readonly string[]; folder: string; progress: Progress }) => Promise<Row[][]>;

export function makeRunStatements(config: Config): RunStatements {
  return async ({ statements, folder }) => {
    const duckdb = await openDuckdb({ threads: config.batchThreads, memoryLimit: config.batchMemory, tempDirectory: folder });
    try {
      const results: Row[][] = [];
      for (const statement of statements) results.push(await duckdb.rows(statement));
      return results;
    } finally {
      duckdb.close();
    }
  };
}
