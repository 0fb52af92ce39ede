import type { Mart } from '#activities/batch/refresh-marts.ts';
import { domainSqlBelow } from '#adapters/duckdb/sql-files.ts';
import { codeVersion } from '#domain/clean/code-version.ts';

/** The historical metrics of domain/metrics, ready to be computed. */
export const marts: readonly Mart[] = [];

export function martsCodeVersion(): string {
  return codeVersion(domainSqlBelow('metrics'));
}
