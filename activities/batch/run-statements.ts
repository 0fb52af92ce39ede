import type { Progress } from '#activities/batch/progress.ts';
import type { ChildStep } from '#adapters/duckdb/child.ts';
import { runInChild } from '#adapters/duckdb/child.ts';
import type { Row } from '#adapters/duckdb/connection.ts';
import type { Config } from '#adapters/config.ts';

/** Runs steps in a DuckDB process of their own, which spills into `folder`; gives the rows of the steps that return some. */
export type RunStatements = (work: { steps: readonly ChildStep[]; folder: string; progress: Progress }) => Promise<Row[][]>;

export function makeRunStatements(config: Pick<Config, 'batchThreads' | 'batchMemory'>): RunStatements {
  return ({ steps, folder, progress }) =>
    runInChild(
      { settings: { threads: config.batchThreads, memoryLimit: config.batchMemory, tempDirectory: folder }, steps },
      { signal: progress.signal, stallMs: progress.stallMs, onProgress: progress.beat },
    );
}

/** Steps for their effect. */
export function effects(statements: readonly string[]): ChildStep[] {
  return statements.map((sql) => ({ sql }));
}
