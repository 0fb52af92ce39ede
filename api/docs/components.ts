import type { z } from 'zod';
import { accessHeaders, securitySchemes } from '#api/access/components.ts';
import { refusalHeaders } from '#api/answers/components.ts';
import { errorSchemas } from '#api/dialects/components.ts';
import { doorHeaders, doorParameters } from '#api/door/components.ts';
import { keySchemas } from '#api/keys/components.ts';
import { loginHeaders } from '#api/login/components.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { named, toJsonSchema } from '#api/openapi/json-schema.ts';

/** What paths refer to. */
export const components = {
  schemas: {
    ...Object.fromEntries([...named].map(([schema, name]) => [name, toJsonSchema(schema as z.ZodType)])),
    ...errorSchemas,
    ...keySchemas,
  } as Json,
  headers: { ...doorHeaders, ...accessHeaders, ...refusalHeaders, ...loginHeaders },
  parameters: doorParameters,
  securitySchemes,
};
