import { describeOperation } from '#api/describe/describe-operation.ts';
import { queryParameter } from '#api/describe/parameters.ts';
import { tooManyWatchers, unknownLimit, watchersMax } from '#api/live/refusals.ts';
import type { Json } from '#api/openapi/json-schema.ts';

/** An answer that goes on changing: as JSON, and as server-sent events. */
export function describeLive({
  path,
  operationId,
  summary,
  description,
  schema,
}: {
  path: string;
  operationId: string;
  summary: string;
  description: string;
  schema: Json;
}): Json {
  return {
    [path]: {
      get: describeOperation({
        operationId,
        tags: ['Page'],
        summary,
        description,
        scope: 'read',
        answers: { 200: { description: 'What is.', schema } },
      }),
    },
    ...describeStream(`${path}/live`, `${operationId}Live`, summary, []),
  };
}

/** Server-sent events, each the whole answer. */
export function describeStream(path: string, operationId: string, summary: string, parameters: readonly Json[]): Json {
  return {
    [path]: {
      get: describeOperation({
        operationId,
        tags: ['Page'],
        summary: `${summary}, live`,
        description: `Server-sent events until the client goes: each \`data\` is the answer as it is then, an event \`problem\` a sentence where there is none. Comments keep the connection alive. At most ${watchersMax} are open at a process: 503.`,
        scope: 'read',
        parameters: [...parameters, queryParameter('limit', 'Ends after so many events.', { bounded: '1', 'no-limit': '0' })],
        answers: { 200: { description: 'Events.', type: 'text/event-stream', schema: { type: 'string' } } },
        refusals: { 'too-many-watchers': tooManyWatchers, 'no-limit': unknownLimit },
      }),
    },
  };
}
