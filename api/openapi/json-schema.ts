import { z } from 'zod';
import { kinds } from '#domain/kinds/list.ts';
import { pinItem } from '#domain/kinds/pin/schema.ts';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';

export type Json = { [name: string]: unknown };

/** Schemas that the document shows once, under a name. */
export const named = new Map<unknown, string>([
  [pinItem, 'PinItem'],
  ...kinds.map((kind): [unknown, string] => [rowSchemas[kind], `${kind[0]!.toUpperCase()}${kind.slice(1)}Row`]),
]);

/** The JSON Schema of what a zod schema takes; schemas that have a name are references. */
export function schemaOf(schema: z.ZodType): Json {
  const name = named.get(schema);
  return name === undefined ? toJsonSchema(schema) : reference('schemas', name);
}

/** The JSON Schema itself; of schemas in it that have a name, references. */
export function toJsonSchema(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const name = named.get(zodSchema);
      if (name === undefined || (zodSchema as unknown) === schema) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, reference('schemas', name));
    },
  });
  return rest;
}

export function reference(part: 'schemas' | 'headers' | 'parameters' | 'responses', name: string): Json {
  return { $ref: `#/components/${part}/${name}` };
}
