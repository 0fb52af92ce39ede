import type { Column } from '#domain/kinds/columns.ts';
import { coordinateColumns, headerColumns, noteColumns } from '#domain/kinds/columns.ts';
import { geo } from '#domain/kinds/geo/fields.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';
import { pin } from '#domain/kinds/pin/fields.ts';
import { user } from '#domain/kinds/user/fields.ts';

/** Every kind of event. What the pipeline knows of kinds it knows from here; the order is the one in which lake tables are committed. */
export const kindDefinitions = [pin, geo, user] as const;

/** The kind that examples for people speak of. */
export const exampleKind = pin;

/** What a client sent. */
export type Kind = (typeof kindDefinitions)[number]['name'];
export const kinds: readonly Kind[] = kindDefinitions.map(({ name }) => name);

/** Derives something of every kind. */
export function ofKinds<Derived>(derive: (definition: KindDefinition & { name: Kind }) => Derived): Readonly<Record<Kind, Derived>> {
  return Object.fromEntries(kindDefinitions.map((definition) => [definition.name, derive(definition)])) as Record<Kind, Derived>;
}

export const definitionOf = ofKinds((definition): KindDefinition => definition);

/** Columns of a kind's clean table in order. Its clean.sql gives these, then `reject`. */
export const cleanColumnsOf = ofKinds(({ fields }): readonly Column[] => [
  ...fields,
  ...noteColumns,
  ...coordinateColumns,
  ...headerColumns,
]);

/** A kind's SELECTs, by their names below domain/: over `records`, and over what that gives (`cleaned`). */
export const kindSqlOf = ofKinds(({ name }) => ({ clean: `kinds/${name}/clean.sql`, keys: `kinds/${name}/keys.sql` }));
