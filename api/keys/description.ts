import { describeOperation } from '#api/describe/describe-operation.ts';
import { pathParameter, queryParameter } from '#api/describe/parameters.ts';
import { bodyRefusals } from '#api/describe/refusals.ts';
import { beyondOwn, keysOff, newKeyShape } from '#api/keys/refusals.ts';
import { bodyLimits } from '#api/keys/routes.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference, schemaOf } from '#api/openapi/json-schema.ts';
import { mustNameScope, newKey } from '#domain/keys/new-key.ts';
import { keysTaken } from '#keys/create-key.ts';
import { noKeyHasThisId } from '#keys/revoke-key.ts';

const tags = ['Keys'];
const keyMayNot = 'The key may not do this, or no keys are asked for.';
const key = {
  id: 'k3v9x2m7',
  name: 'collector',
  scopes: ['append:pin', 'append:geo', 'append:user'],
  eventsPerSecond: null,
  bytesPerSecond: null,
  state: 'valid',
  createdAt: '2026-01-31T12:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};

/** Keys over HTTP. */
export function describeKeys(): Json {
  return {
    '/api/keys': describeAll(),
    '/api/keys/{id}': describeOne(),
  };
}

/** To see them, and to make one. */
function describeAll(): Json {
  return {
    get: describeOperation({
      operationId: 'listKeys',
      tags,
      summary: 'The keys there are',
      scope: 'read',
      parameters: [queryParameter('all', '`true` lists expired and revoked ones too.', { all: 'true' })],
      answers: {
        200: {
          description: 'By name and age. No key itself, and no hash.',
          schema: { type: 'object', required: ['keys'], properties: { keys: { type: 'array', items: reference('schemas', 'Key') } } },
          example: { keys: [key] },
        },
      },
    }),
    post: describeOperation({
      operationId: 'createKey',
      tags,
      summary: 'Make a key',
      description:
        'A key cannot give what it may not do itself. Two valid keys may share a name, so that clients can change over. Served where keys are asked for.',
      scope: 'operate',
      body: schemaOf(newKey),
      answers: {
        201: {
          description: 'The key: it is shown this once.',
          schema: {
            allOf: [reference('schemas', 'Key'), { type: 'object', required: ['key'], properties: { key: { type: 'string' } } }],
          },
        },
      },
      meanings: { 403: keyMayNot, 409: 'As many keys as may share a name have this one.' },
      refusals: {
        'keys-off': keysOff,
        'beyond-own': beyondOwn('the scope operate'),
        'name-taken': {
          status: 409,
          reason: 'key_name_taken',
          message: keysTaken('collector', ['k3v9x2m7', 'k8r2t5q1']),
        },
        ...bodyRefusals(bodyLimits),
      },
      also: { 422: reference('schemas', 'Detail') },
      exchanges: {
        new: {
          summary: 'A key for a client that sends events',
          body: { name: 'collector', scopes: ['append:pin', 'append:geo', 'append:user'] },
          status: 201,
          answer: { ...key, key: 'pfk_k3v9x2m7_…' },
        },
        'no-scope-named': {
          summary: 'A key that may do nothing',
          body: { name: 'collector', scopes: [] },
          status: 422,
          answer: {
            detail: `scopes: ${mustNameScope}; ${newKeyShape}`,
          },
        },
      },
    }),
  };
}

/** To revoke one. */
function describeOne(): Json {
  return {
    delete: describeOperation({
      operationId: 'revokeKey',
      tags,
      summary: 'Revoke a key',
      description: 'Ends its sessions too. Revoking twice changes nothing. Served where keys are asked for.',
      scope: 'operate',
      parameters: [pathParameter('id', 'Id of the key; not the key itself.', { 'no-such-key': 'k0000000' })],
      answers: {
        200: {
          description: 'The key as it is now.',
          schema: reference('schemas', 'Key'),
          example: { ...key, state: 'revoked', revokedAt: '2026-02-01T12:00:00.000Z' },
        },
      },
      meanings: { 403: keyMayNot },
      refusals: {
        'keys-off': keysOff,
        'no-such-key': {
          status: 404,
          reason: 'not_found',
          message: noKeyHasThisId,
        },
      },
    }),
  };
}
