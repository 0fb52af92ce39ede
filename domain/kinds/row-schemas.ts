import { z } from 'zod';
import { refuseBadKey } from '#domain/kinds/row-key.ts';
import { makeIdentityText, rowNumbers } from '#domain/kinds/field-schemas.ts';
import type { KindDefinition } from '#domain/kinds/kind.ts';
import { rowNumberNames } from '#domain/kinds/kind.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { ofKinds } from '#domain/kinds/list.ts';
import { exampleRows } from '#domain/kinds/samples.ts';

/** The least that a row of each kind must have, on every route but `/pin/`: its identity; whatever else is missing becomes NULL. */
export const rowSchemas: Readonly<Record<Kind, z.ZodType>> = ofKinds((definition) =>
  z
    .looseObject({ ...rowNumbers, ...membersOf(definition) })
    .check(refuseBadKey(definition.name))
    .meta({ description: definition.description, examples: [exampleRows[definition.name]] }),
);

function membersOf({ name: kind, wire, identity }: KindDefinition): Record<string, z.ZodType> {
  const own = wire.filter(({ name }) => !rowNumberNames.some((one) => one === name));
  return Object.fromEntries(own.map(({ name }) => [name, name === identity ? makeIdentityText(kind) : z.unknown().optional()]));
}
