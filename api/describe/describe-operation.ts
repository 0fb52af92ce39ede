import { security } from '#api/access/components.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { nothingHere } from '#api/answers/refusal.ts';
import { scopeRefusals } from '#api/describe/refusals.ts';
import type { Also, Meanings, Said } from '#api/describe/responses.ts';
import { addAlso, addExchanges, addRefusal, headersAlways, headersOf, responsesOf } from '#api/describe/responses.ts';
import type { ShownExchanges } from '#api/describe/shown-exchanges.ts';
import { requestBody } from '#api/describe/shown-exchanges.ts';
import { answerDetail } from '#api/dialects/fastapi.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import type { Scope } from '#domain/keys/scopes.ts';

/** What a refusal means where no events are sent; what a conflict is about only its route can say. */
const meaningsOfRefused: Meanings = {
  400: 'The body is no UTF-8.',
  401: 'A key is needed, and none that is valid was shown.',
  403: 'The key may not do this.',
  404: 'There is no such thing.',
  406: 'The request accepts no content type that there is.',
  413: 'The body is too large.',
  415: 'The body has a type or an encoding that is not taken here.',
  422: 'The request is not as it must be.',
  501: 'This process does not do that.',
  503: 'This cannot be done at the moment. Ask again later.',
  504: 'Kafka did not answer in time. Ask again later.',
};

/** Describes a route that takes no events. */
export function describeOperation({
  scope,
  answers,
  refusals = {},
  refuse = answerDetail,
  errors = 'Detail',
  meanings = {},
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
  /** What a status means here, where that is not what it means elsewhere. */
  meanings?: Meanings;
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
  const refusing = { meanings: { ...meaningsOfRefused, ...meanings }, errors, headers: [] };
  for (const [name, refusal] of Object.entries({ ...(scope === 'open' ? {} : scopeRefusals(scope)), ...refusals }))
    addRefusal(said, name, refusal, refuse(refusal), refusing);
  addAlso(said, also, refusing.meanings, refuse(nothingHere).headers['Content-Type']);
  addExchanges(said, exchanges);
  return {
    ...text,
    ...(scope === 'open' ? { security: [] } : { security }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(types, body, exchanges) }),
    responses: responsesOf(said),
  };
}
