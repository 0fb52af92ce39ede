import type { Statements } from '#adapters/postgres.ts';
import type { WireField } from '#domain/kinds/kind.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { ofKinds } from '#domain/kinds/list.ts';
import { listed } from '#domain/listed.ts';

/** A member that the source holds, and the type of its column. */
export type SourceField = Required<Pick<WireField, 'name' | 'sourceType'>>;

/** A table of the source: the rows of one kind as clients send them, and the column that joins it to the others. */
export type SourceTable = { kind: Kind; table: string; key: string; fields: readonly SourceField[] };

export const sourceTables: readonly SourceTable[] = Object.values(
  ofKinds(({ name, emulated, wire }): SourceTable[] =>
    emulated === undefined ? [] : [{ kind: name, ...emulated, fields: wire.flatMap(sourceFieldOf) }],
  ),
).flat();

export const tablesListed = listed(sourceTables.map(({ table }) => table));

/** The kind whose rows are drawn, as the course's clients draw pins; those of the other kinds go with them by row number. */
const leadingKind: Kind = 'pin';
export const leadingTable = sourceTables.find(({ kind }) => kind === leadingKind)!;

function sourceFieldOf({ name, sourceType }: WireField): SourceField[] {
  return sourceType === undefined ? [] : [{ name, sourceType }];
}

/**
 * The fields that a table has a column for. One that was filled by older code, or by somebody else, may lack what clients
 * send today.
 * @returns none where there is no such table.
 */
export async function fieldsPresent(statements: Pick<Statements, 'query'>, { table, fields }: SourceTable): Promise<SourceField[]> {
  const columns = await statements.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [table],
  );
  const present = new Set(columns.map(({ name }) => name));
  return fields.filter(({ name }) => present.has(name));
}
