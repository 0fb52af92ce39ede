import type { Mart } from '#domain/metrics/metric.ts';
import type { SqlOf } from '#domain/metrics/stream-table.ts';
import { sha256 } from '#domain/metrics/stream-table.ts';

/** The table of a mart in Postgres: its name for everybody. */
export function martTableName({ name }: { name: string }): string {
  return `marts.${name}`;
}

/** The columns with their types, as Postgres itself writes them (migration 0015 does the same from what stands there). */
export function martColumns({ columns }: Mart): string {
  return columns.map(({ name, postgres }) => `${name} ${postgres}`).join(', ');
}

export function martShape(mart: Mart): string {
  return sha256(martColumns(mart));
}

/** The version of the code that the rows of marts are a function of. */
export function codeVersionOfMarts(marts: readonly Mart[], sqlOf: SqlOf): string {
  return sha256(JSON.stringify(marts.map(({ name, columns, batchSql }) => [name, columns, sqlOf(batchSql)])));
}
