import { echoedBytesMax } from '#api/dialects/fastapi-errors.ts';
import { toJsonSchema } from '#api/openapi/json-schema.ts';
import { kinesisError } from '#domain/schemas/kinesis.ts';

const fastapiError = {
  type: 'object',
  required: ['type', 'loc', 'msg'],
  properties: {
    type: { type: 'string' },
    loc: { type: 'array', items: { type: ['string', 'integer'] } },
    msg: { type: 'string' },
    input: { description: `What was found there; absent where the body has more than ${echoedBytesMax} bytes.` },
    ctx: { type: 'object' },
  },
};

/** The shape of errors in each dialect. */
export const errorSchemas = {
  Detail: {
    type: 'object',
    description: 'An error in FastAPI’s shape: a sentence, or one entry for each field that is wrong.',
    required: ['detail'],
    properties: { detail: { oneOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: fastapiError }] } },
  },
  RestV2Error: {
    type: 'object',
    description: 'An error in Confluent’s shape: the code is the status times 100 and a running number.',
    required: ['error_code', 'message'],
    properties: { error_code: { type: 'integer' }, message: { type: 'string' } },
  },
  KinesisError: { ...toJsonSchema(kinesisError), description: 'An error in the shape of Kinesis.' },
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
};
