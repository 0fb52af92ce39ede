import type { WireField } from '#domain/kinds/kind.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { ofKinds } from '#domain/kinds/list.ts';

/** A table of the source: the rows of one kind as clients send them, and the column that joins it to the others. */
export type SourceTable = { kind: Kind; table: string; key: string; wire: readonly WireField[] };

export const sourceTables: readonly SourceTable[] = Object.values(
  ofKinds(({ name, source, wire }): SourceTable[] => (source === undefined ? [] : [{ kind: name, ...source, wire }])),
).flat();
