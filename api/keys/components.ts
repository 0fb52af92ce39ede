import type { Json } from '#api/openapi/json-schema.ts';
import { scopes } from '#domain/keys/scopes.ts';
import type { ApiKey } from '#keys/keys-table.ts';
import { keyStates } from '#keys/keys-table.ts';

const rate: Json = { type: ['integer', 'null'], description: 'null means the API’s default, 0 no limit.' };
const time: Json = { type: 'string', format: 'date-time' };
const timeOrNull: Json = { type: ['string', 'null'], format: 'date-time' };
const properties = {
  id: { type: 'string' },
  name: { type: 'string' },
  scopes: { type: 'array', items: { enum: [...scopes] } },
  eventsPerSecond: rate,
  bytesPerSecond: rate,
  state: { enum: [...keyStates] },
  createdAt: time,
  expiresAt: timeOrNull,
  revokedAt: timeOrNull,
  lastUsedAt: timeOrNull,
} satisfies Record<keyof ApiKey, Json>;

/** What is told of keys. */
export const keySchemas = {
  Key: {
    type: 'object',
    description: 'A key as it is shown; times are RFC 3339 in UTC.',
    required: Object.keys(properties),
    properties,
  },
};
