import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { noKind, noSpan, sinceParameter } from '#api/operations/since.ts';
import { tailsMax, tooManyTails, unknownLimit, unknownRejected } from '#api/tail/refusals.ts';
import { kinds } from '#domain/kinds/list.ts';

const tags = ['Reading'];

/** What arrives, live. */
export function describeTail(): Json {
  return {
    '/api/tail': {
      get: describeOperation({
        operationId: 'tail',
        tags,
        summary: 'What arrives, live',
        description: `NDJSON that goes on until one side ends it: records as they were sent (\`"type":"record"\`), or what is refused (\`refusal\` at the door, \`reject\` in the stream). Empty lines keep the connection alive; \`skipped\` says how many lines a slow reader missed, \`note\` is for people. What is in the log when a tail begins is shown in full. At most ${tailsMax} tails are open at a process: 503.`,
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
          queryParameter('rejected', '`true`: what is refused, in place of what arrives.', { 'no-switch': 'yes' }),
          queryParameter('limit', 'Ends after so many lines.', { bounded: '1', 'no-limit': '0' }),
          sinceParameter('Begins so long ago. Default: now.'),
        ],
        answers: { 200: { description: 'An object a line.', type: 'application/x-ndjson', schema: { type: 'string' } } },
        refusals: {
          'no-kind': noKind,
          'no-span': noSpan,
          'no-switch': unknownRejected,
          'no-limit': unknownLimit,
          'too-many-tails': tooManyTails,
        },
      }),
    },
  };
}
