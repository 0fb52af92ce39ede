import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { ShownExchanges } from '#api/describe/shown-exchanges.ts';
import { requestBody } from '#api/describe/shown-exchanges.ts';
import type { Json } from '#api/describe/json-schema.ts';
import { security } from '#api/describe/json-schema.ts';
import { scopeRefusals } from '#api/describe/refusals.ts';
import type { Also, Said } from '#api/describe/responses.ts';
import { addAlso, addExchanges, addRefusal, headersAlways, headersOf, responsesOf } from '#api/describe/responses.ts';
import { answerDetail } from '#api/dialects/fastapi.ts';
import type { Scope } from '#domain/keys/scopes.ts';

/** Describes a route that takes no events. */
export function describeOperation({
  scope,
  answers,
  refusals = {},
  refuse = answerDetail,
  errors = 'Detail',
  also = {},
  exchanges = {},
  parameters = [],
  body,
  types = ['application/json'],
  otherTypes = [],
  ...text
}: {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  scope: Scope | 'open';
  parameters?: readonly Json[];
  body?: Json;
  types?: readonly string[];
  /** Content types that the answer 200 may have too. */
  otherTypes?: readonly string[];
  /** By status: what it says when it does what it is for. */
  answers: Readonly<Record<number, { description: string; schema?: Json; type?: string; headers?: readonly string[]; example?: unknown }>>;
  refusals?: Readonly<Record<string, Refusal>>;
  refuse?: (refusal: Refusal) => Answer;
  errors?: string;
  also?: Also;
  exchanges?: ShownExchanges;
}): Json {
  const said = new Map<number, Said>();
  for (const [status, { description, schema = {}, type = 'application/json', headers = headersAlways, example }] of Object.entries(answers))
    said.set(Number(status), {
      description,
      type,
      otherTypes: status === '200' ? otherTypes : [],
      schema,
      headers: headersOf(headers),
      examples: example === undefined ? {} : { answer: { value: example } },
    });
  for (const [name, refusal] of Object.entries({ ...(scope === 'open' ? {} : scopeRefusals(scope)), ...refusals }))
    addRefusal(said, name, refusal, refuse(refusal), errors, []);
  addAlso(said, also);
  addExchanges(said, exchanges);
  return {
    ...text,
    ...(scope === 'open' ? { security: [] } : { security }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(types, body, exchanges) }),
    responses: responsesOf(said),
  };
}
