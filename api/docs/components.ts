import type { z } from 'zod';
import { retentionSettings } from '#adapters/settings/retention.ts';
import { sessionCookie } from '#api/access/credentials.ts';
import { noKey } from '#api/access/refusals.ts';
import type { Json } from '#api/describe/json-schema.ts';
import { named, toJsonSchema } from '#api/describe/json-schema.ts';
import { allowance } from '#api/describe/refusals.ts';
import { echoedBytesMax } from '#api/dialects/fastapi-errors.ts';
import { requestIdCharactersMax } from '#api/door/exchange.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { keyCharactersMax } from '#api/door/refusals.ts';
import { loginPath } from '#api/login/routes.ts';
import { cookieText, sessionSecondsMax } from '#api/login/session-cookie.ts';
import { scopes } from '#domain/keys/scopes.ts';
import { kinesisError } from '#domain/schemas/kinesis.ts';

const keptHours = retentionSettings.retentionIdempotencyHours.schema.parse(undefined);

function header(description: string, example: string): Json {
  return { description, schema: { type: 'string' }, example };
}

/** What paths refer to. */
export const components = {
  schemas: {
    ...Object.fromEntries([...named].map(([schema, name]) => [name, toJsonSchema(schema as z.ZodType)])),
    Detail: {
      type: 'object',
      description: 'An error in FastAPI’s shape: a sentence, or one entry for each field that is wrong.',
      required: ['detail'],
      properties: {
        detail: {
          oneOf: [
            { type: 'string' },
            {
              type: 'array',
              minItems: 1,
              items: {
                type: 'object',
                required: ['type', 'loc', 'msg'],
                properties: {
                  type: { type: 'string' },
                  loc: { type: 'array', items: { type: ['string', 'integer'] } },
                  msg: { type: 'string' },
                  input: { description: `What was found there; absent where the body has more than ${echoedBytesMax} bytes.` },
                  ctx: { type: 'object' },
                },
              },
            },
          ],
        },
      },
    },
    RestV2Error: {
      type: 'object',
      description: 'An error in Confluent’s shape: the code is the status times 100 and a running number.',
      required: ['error_code', 'message'],
      properties: { error_code: { type: 'integer' }, message: { type: 'string' } },
    },
    KinesisError: {
      ...toJsonSchema(kinesisError),
      description: 'An error in the shape of Kinesis.',
    },
    Key: {
      type: 'object',
      description: 'A key as it is shown; times are RFC 3339 in UTC.',
      required: ['id', 'name', 'scopes', 'eventsPerSecond', 'bytesPerSecond', 'state', 'createdAt', 'expiresAt', 'revokedAt', 'lastUsedAt'],
      properties: {
        id: { type: 'string' },
        name: { type: 'string' },
        scopes: { type: 'array', items: { enum: [...scopes] } },
        eventsPerSecond: { type: ['integer', 'null'], description: 'null means the API’s default, 0 no limit.' },
        bytesPerSecond: { type: ['integer', 'null'], description: 'null means the API’s default, 0 no limit.' },
        state: { enum: ['valid', 'expired', 'revoked'] },
        createdAt: { type: 'string', format: 'date-time' },
        expiresAt: { type: ['string', 'null'], format: 'date-time' },
        revokedAt: { type: ['string', 'null'], format: 'date-time' },
        lastUsedAt: { type: ['string', 'null'], format: 'date-time' },
      },
    },
    Problem: {
      type: 'object',
      description: 'An error: the reason for programs, the sentence for people.',
      required: ['error'],
      properties: {
        error: {
          type: 'object',
          required: ['reason', 'message'],
          properties: { reason: { type: 'string' }, message: { type: 'string' } },
        },
      },
    },
  } as Json,
  headers: {
    'Pinflow-Receipt': header(
      'Where the event is: a structured-field dictionary (RFC 9651). Without partition and offset where nobody waited for Kafka.',
      receiptHeader('pin', { topic: 'pinterest.pin', partition: 1, offset: 31, appendTimeMs: 0 }, '01a1fb16-c5e0-709e-a436-189230e48072')[
        'Pinflow-Receipt'
      ]!,
    ),
    'X-Request-Id': header(
      'The request’s own X-Request-Id where it is a plain token, else one of ours. Access logs name it.',
      'd41d8cd9-1',
    ),
    'Idempotency-Replayed': header('`true` where this is the answer that an earlier request with the same Idempotency-Key got.', 'true'),
    RateLimit: header('What is left of the key’s allowance, and in how many seconds all of it is back.', allowance.headers['RateLimit']!),
    'RateLimit-Policy': header('The key’s allowance a second.', allowance.headers['RateLimit-Policy']!),
    'Retry-After': header('Seconds after which the request may be sent again.', '1'),
    'WWW-Authenticate': header('How to show a key.', noKey.headers!['WWW-Authenticate']!),
    Location: header('Where to go.', loginPath),
    'Set-Cookie': header('The session.', cookieText(false, '…', sessionSecondsMax)),
    Allow: header('The methods that the path knows.', 'POST'),
  },
  parameters: {
    ack: {
      name: 'ack',
      in: 'query',
      description:
        '`log` (default): answered when Kafka has the events. `none`: answered with 202 at once, nobody knows whether they are kept.',
      schema: { enum: ['log', 'none'], default: 'log' },
      examples: { 'waited-for': { value: 'log' }, 'not-waited-for': { value: 'none' }, 'other-ack': { value: 'all' } },
    },
    'Idempotency-Key': {
      name: 'Idempotency-Key',
      in: 'header',
      description: `The same key gets the first outcome again and publishes nothing, for ${keptHours} hours unless the server is set otherwise. 409 while the first request runs, 422 where target or body differ from it.`,
      schema: { type: 'string', minLength: 1, maxLength: keyCharactersMax },
    },
    'X-Request-Id': {
      name: 'X-Request-Id',
      in: 'header',
      description: `A name for this request, 1 to ${requestIdCharactersMax} letters, digits or any of \`_.:/+=@-\`; the answer and the access log carry it.`,
      schema: { type: 'string' },
    },
  },
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', description: 'A key made with `npx pinflow keys create`.' },
    apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key, for clients that cannot send Authorization.' },
    session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'What a browser trades its key for at /login.' },
  },
};
