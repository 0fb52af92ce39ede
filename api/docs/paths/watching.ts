import { describeOperation } from '#api/describe/describe-operation.ts';
import type { Json } from '#api/describe/json-schema.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';
import { unknownValue } from '#api/operations/since.ts';
import { kinds } from '#domain/terms.ts';

const tags = ['Reading'];
const nullable = { type: ['string', 'null'] };
const time: Json = { type: 'string', format: 'date-time' };
const since = (description: string): Json =>
  queryParameter('since', `${description} A span of time as in 45s, 5m, 12h or 2d.`, { bounded: '1d', 'no-span': 'yesterday' });
const noSpan: Refusal = unknownValue('since', 'a span of time such as 45s, 5m, 12h or 2d');

const refusals: Json = {
  type: 'object',
  required: ['since', 'refusals'],
  properties: {
    since: time,
    refusals: {
      type: 'array',
      items: {
        type: 'object',
        required: ['stage', 'keyId', 'source', 'reason', 'count', 'lastAt'],
        properties: {
          stage: { enum: ['door', 'stream'], description: 'Who refused: the door, or the stream that could not make a row of a record.' },
          keyId: { type: 'string', description: 'Id of the key; empty where there was none.' },
          source: { type: 'string', description: 'Name that the client gave; `(other)` where there were too many.' },
          route: nullable,
          kind: nullable,
          status: { type: ['integer', 'null'] },
          reason: { type: 'string' },
          count: { type: 'integer', description: 'Requests, or rows of requests that were taken.' },
          lastAt: time,
          lastRequestId: nullable,
          lastMessage: nullable,
          lastClient: nullable,
        },
      },
    },
  },
};

/** Routes that show what arrives and what is refused. */
export function describeWatching(): Json {
  return {
    '/api/tail': {
      get: describeOperation({
        operationId: 'tail',
        tags,
        summary: 'What arrives, live',
        description:
          'NDJSON that goes on until one side ends it: records as they were sent (`"type":"record"`), or what is refused (`refusal` at the door, `reject` in the stream). Empty lines keep the connection alive; `skipped` says how many lines a slow reader missed, `note` is for people. What is in the log when a tail begins is shown in full. Eight tails a process are open at most: 503.',
        scope: 'read',
        parameters: [
          queryParameter(
            'kind',
            `Only events of this kind: ${kinds.join(', ')}. A refused request whose target tells no kind is left out.`,
            {
              bounded: 'pin',
              'no-kind': 'pins',
            },
          ),
          queryParameter('rejected', '`true`: what is refused, in place of what arrives.', {}),
          queryParameter('limit', 'Ends after so many lines.', { bounded: '1' }),
          since('Begins so long ago. Default: now.'),
        ],
        answers: { 200: { description: 'An object a line.', type: 'application/x-ndjson', schema: { type: 'string' } } },
        refusals: {
          'no-kind': unknownValue('kind', `one of ${kinds.join(', ')}`),
          'no-span': noSpan,
          'too-many-tails': overloaded('8 tails are open at this process already; end one of them'),
        },
      }),
    },
    '/api/refusals': {
      get: describeOperation({
        operationId: 'listRefusals',
        tags,
        summary: 'Who sends garbage: refusals by key and source',
        description: 'Newest first, at most 1,000 rows. Those of the door are kept for 7 days unless the server is set otherwise.',
        scope: 'read',
        parameters: [
          queryParameter('kind', `Only refusals of this kind: ${kinds.join(', ')}. Those whose target tells no kind are left out.`, {
            'no-kind': 'pins',
          }),
          since('Looks so far back. Default: 1h.'),
        ],
        answers: { 200: { description: 'The account.', schema: refusals } },
        refusals: {
          'no-kind': unknownValue('kind', `one of ${kinds.join(', ')}`),
          'no-span': noSpan,
          'no-account': overloaded('The account of refusals cannot be read: Postgres does not answer'),
        },
      }),
    },
  };
}
