import { z } from 'zod';
import { restV2Types } from '#api/routes/topics.ts';
import { pinItem } from '#domain/schemas/pin.ts';
import { restV2Answer, restV2Bodies } from '#domain/schemas/rest-v2.ts';
import { kinds } from '#domain/terms.ts';

type Json = { [name: string]: unknown };

/** The OpenAPI document of the door, made from the schemas that validate. */
export function makeOpenApi(): Json {
  const restV2Content = Object.fromEntries(
    [...restV2Types].map((type) => [type, { schema: { anyOf: kinds.map((kind) => schemaOf(restV2Bodies[kind])) } }]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'Pinflow', version: '0.1.0', description: 'The door for events: answered with 200 only after Kafka has them.' },
    paths: {
      '/pin/': {
        post: {
          summary: 'Take one pin; echoes it once Kafka has it',
          requestBody: { required: true, content: { 'application/json': { schema: schemaOf(pinItem) } } },
          responses: {
            200: answer('The pin as it was sent.', schemaOf(pinItem)),
            400: answer('The body is not UTF-8.', detailText),
            413: answer('The body is too large.', detailText),
            415: answer('The body is no JSON in UTF-8.', detailText),
            422: answer('The body is no such pin.', detailList),
            503: answer('The pin was not sent; send it again later.', detailText),
            504: answer('Kafka did not confirm in time; the pin may exist.', detailText),
          },
        },
      },
      '/topics/{name}': {
        post: {
          summary: 'Take records in the REST v2 shape; the name ends in .pin, .geo or .user',
          parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' }, example: '0a1b2c3d4e5f.pin' }],
          requestBody: { required: true, content: restV2Content },
          responses: {
            200: answer('Where each record is.', schemaOf(restV2Answer)),
            ...Object.fromEntries(
              [
                [400, 'The body is not UTF-8.'],
                [404, 'The name tells no kind.'],
                [413, 'The body is too large.'],
                [415, 'The body is no JSON in UTF-8.'],
                [422, 'A record is not as it must be; none was sent.'],
                [503, 'The records were not sent; send them again later.'],
                [504, 'Kafka did not confirm in time; the records may exist.'],
              ].map(([status, description]) => [status, answer(String(description), restV2Error)]),
            ),
          },
        },
      },
      '/healthz': { get: { summary: 'Whether the process lives', responses: { 200: answer('It does.', { type: 'object' }) } } },
      '/readyz': {
        get: {
          summary: 'Whether events can be taken now',
          responses: { 200: answer('They can.', readinessAnswer), 503: answer('They cannot; reasons say why.', readinessAnswer) },
        },
      },
      '/metrics': {
        get: {
          summary: 'Metrics in the Prometheus text format',
          responses: { 200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } } },
        },
      },
    },
  };
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

function answer(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } };
}

const detailText: Json = { type: 'object', required: ['detail'], properties: { detail: { type: 'string' } } };
const detailList: Json = {
  type: 'object',
  required: ['detail'],
  properties: {
    detail: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type', 'loc', 'msg'],
        properties: {
          type: { type: 'string' },
          loc: { type: 'array', items: { type: ['string', 'integer'] } },
          msg: { type: 'string' },
          input: {},
          ctx: { type: 'object' },
        },
      },
    },
  },
};
const restV2Error: Json = {
  type: 'object',
  required: ['error_code', 'message'],
  properties: { error_code: { type: 'integer' }, message: { type: 'string' } },
};
const readinessAnswer: Json = {
  type: 'object',
  required: ['status', 'reasons'],
  properties: { status: { enum: ['ready', 'not ready'] }, reasons: { type: 'array', items: { type: 'string' } } },
};
