import type { Json } from '#api/openapi/json-schema.ts';

/** A header of answers, by whose name the answers of routes refer to it. */
export function describeHeader(description: string, example: string): Json {
  return { description, schema: { type: 'string' }, example };
}
