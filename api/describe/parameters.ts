import type { Json } from '#api/openapi/json-schema.ts';

/** A path parameter with a value for each exchange that is named; the first is the usual one. */
export function pathParameter(name: string, description: string, values: Readonly<Record<string, string>>): Json {
  return { ...queryParameter(name, description, values, true), in: 'path' };
}

/** The same for the query. */
export function queryParameter(name: string, description: string, values: Readonly<Record<string, string>>, required = false): Json {
  const examples = Object.fromEntries(Object.entries(values).map(([exchange, value]) => [exchange, { value }]));
  return {
    name,
    in: 'query',
    required,
    description,
    schema: { type: 'string' },
    ...(Object.keys(values).length === 0 ? {} : { examples }),
  };
}

/** What stands before the routes of REST v2 and Kinesis in the addresses of their clients' gateways. */
export const stageParameter = pathParameter('stage', 'The stage of the gateway that the client believes in; any one segment.', {
  any: 'test',
});
