import { postgresUnreachable } from '#adapters/postgres-failure.ts';
import { retentionSettings } from '#adapters/settings/retention.ts';
import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { accountAway } from '#api/refused/refusals.ts';
import { rowsMax, sinceDefault } from '#api/refused/route.ts';
import { noKind, noSpan, sinceParameter } from '#api/operations/since.ts';
import { kinds } from '#domain/kinds/list.ts';

const tags = ['Reading'];
const keptDays = retentionSettings.retentionRefusalDays.schema.parse(undefined);
const nullable = { type: ['string', 'null'] };
const time: Json = { type: 'string', format: 'date-time' };

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

/** The account of what is refused. */
export function describeRefusals(): Json {
  return {
    '/api/refusals': {
      get: describeOperation({
        operationId: 'listRefusals',
        tags,
        summary: 'Who sends garbage: refusals by key and source',
        description: `Newest first, at most ${rowsMax.toLocaleString('en-US')} rows. Those of the door are kept for ${keptDays} days unless the server is set otherwise.`,
        scope: 'read',
        parameters: [
          queryParameter('kind', `Only refusals of this kind: ${kinds.join(', ')}. Those whose target tells no kind are left out.`, {
            'no-kind': 'pins',
          }),
          sinceParameter(`Looks so far back. Default: ${sinceDefault}.`),
        ],
        answers: { 200: { description: 'The account.', schema: refusals } },
        refusals: {
          'no-kind': noKind,
          'no-span': noSpan,
          'no-account': accountAway(postgresUnreachable('ECONNREFUSED')),
        },
      }),
    },
  };
}
