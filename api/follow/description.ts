import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import { noPlace } from '#api/follow/refusals.ts';
import { noKind } from '#api/operations/since.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { exampleKind } from '#domain/kinds/list.ts';

/** One event on its way. */
export function describeFollow(): Json {
  return {
    '/api/follow': {
      get: describeOperation({
        operationId: 'followRecord',
        tags: ['Page'],
        summary: 'How far a record has come',
        description: 'Of a record that was acked, by its receipt: whether it is in Postgres, in a raw object and in the lake.',
        scope: 'read',
        parameters: [
          queryParameter('kind', 'Of the receipt.', { bounded: exampleKind.name, 'no-place': exampleKind.name, 'no-kind': 'none' }, true),
          queryParameter('partition', 'Of the receipt.', { bounded: '0', 'no-place': 'one', 'no-kind': '0' }, true),
          queryParameter('offset', 'Of the receipt.', { bounded: '0', 'no-place': '0', 'no-kind': '0' }, true),
        ],
        answers: {
          200: {
            description: 'Its steps.',
            schema: {
              type: 'object',
              required: ['topic', 'partition', 'offset', 'steps'],
              properties: { steps: { type: 'array', items: { type: 'object' } } },
            },
          },
        },
        refusals: { 'no-place': noPlace, 'no-kind': noKind },
      }),
    },
    '/api/follow/sample': {
      get: describeOperation({
        operationId: 'sampleEvent',
        tags: ['Page'],
        summary: 'An event to try the pipeline with',
        description: 'With an identity of its own, and the path to post it to.',
        scope: 'read',
        answers: { 200: { description: 'The event.', schema: { type: 'object', required: ['kind', 'path', 'event'] } } },
      }),
    },
  };
}
