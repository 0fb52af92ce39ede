import { describeOperation } from '#api/describe/describe-operation.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { kafkaSilent } from '#api/status/readiness.ts';
import { serverNames } from '#domain/status.ts';

const tags = ['Operations'];
const unreachable: Json = { type: 'object', required: ['error'], properties: { error: { type: 'string' } } };
const partOrError = (part: Json): Json => ({ anyOf: [part, unreachable] });

const readiness: Json = {
  type: 'object',
  required: ['status', 'reasons'],
  properties: { status: { enum: ['ready', 'not ready'] }, reasons: { type: 'array', items: { type: 'string' } } },
};

const status: Json = {
  type: 'object',
  description: 'What `npx pinflow status --json` prints. A part that cannot be reached is `{"error": ...}`.',
  required: ['at', 'endpoints', 'servers', 'orchestration', 'stream', 'landing', 'intervals', 'generation', 'lake', 'problems'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    endpoints: { type: 'object' },
    servers: {
      type: 'object',
      required: [...serverNames],
      additionalProperties: partOrError({ const: 'up' }),
    },
    orchestration: { type: 'object' },
    stream: { type: 'object' },
    landing: { type: 'object' },
    intervals: partOrError({ type: 'array', items: { type: 'object' } }),
    heldIntervals: { type: ['integer', 'null'] },
    backingOff: { type: ['object', 'null'], description: 'Intervals that failed and are tried again by themselves: count and the oldest.' },
    generation: { type: ['object', 'null'] },
    lake: partOrError({
      type: 'object',
      description: 'A publish that is decided and not finished, and how far the marts are.',
      required: ['pending', 'marts'],
      properties: { pending: { type: ['object', 'null'] }, marts: { type: 'array', items: { type: 'object' } } },
    }),
    cleanup: partOrError({ type: 'array', description: 'What pin-cleanup removed, by target.', items: { type: 'object' } }),
    problems: { type: 'array', description: 'Sentences for a person; empty when all is well.', items: { type: 'string' } },
  },
};

/** Whether the process lives, is ready, what it counts, and the state of the whole. */
export function describeStatus(): Json {
  return {
    '/healthz': {
      get: describeOperation({
        operationId: 'isAlive',
        tags,
        summary: 'Whether the process lives',
        scope: 'open',
        answers: {
          200: {
            description: 'It does.',
            schema: { type: 'object', required: ['status'], properties: { status: { const: 'ok' } } },
            example: { status: 'ok' },
          },
        },
      }),
    },
    '/readyz': {
      get: describeOperation({
        operationId: 'isReady',
        tags,
        summary: 'Whether events can be taken now',
        scope: 'open',
        answers: {
          200: { description: 'They can.', schema: readiness, example: { status: 'ready', reasons: [] } },
          503: {
            description:
              'They cannot; the reasons say why. Where keys are asked for, names and addresses are shown only to a key with the scope read.',
            schema: readiness,
            example: { status: 'not ready', reasons: [kafkaSilent] },
          },
        },
      }),
    },
    '/metrics': {
      get: describeOperation({
        operationId: 'getMetrics',
        tags,
        summary: 'Telemetry for Prometheus',
        scope: 'read',
        answers: {
          200: {
            description: 'In the text format 0.0.4.',
            type: 'text/plain',
            schema: { type: 'string' },
            example: '# TYPE pinflow_door_in_flight_events gauge\npinflow_door_in_flight_events 0\n',
          },
        },
      }),
    },
    '/api/status': {
      get: describeOperation({
        operationId: 'getStatus',
        tags,
        summary: 'The state of the whole pipeline',
        description: 'Always 200: what is down stands in the answer.',
        scope: 'read',
        answers: { 200: { description: 'The state.', schema: status } },
      }),
    },
  };
}
