import { security } from '#api/access/components.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { eventRefusals } from '#api/describe/refusals.ts';
import type { Also, Meanings, Said } from '#api/describe/responses.ts';
import { addAlso, addExchanges, addRefusal, headersAlways, headersOf, responsesOf } from '#api/describe/responses.ts';
import type { ShownExchanges } from '#api/describe/shown-exchanges.ts';
import { requestBody } from '#api/describe/shown-exchanges.ts';
import type { EventRoute } from '#api/door/event-route.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference } from '#api/openapi/json-schema.ts';

const meaningsOfTaken: Readonly<Record<number, string>> = {
  202: 'Taken with `?ack=none`; whether Kafka has it is not known.',
  207: 'Some rows are taken; `errors` has one entry for each of the others.',
};
/** What clients that send events most want to know of a refusal: whether they were sent. */
const meaningsOfRefused: Meanings = {
  400: 'The body cannot be read: it is no UTF-8, or not what its Content-Encoding says. Nothing was sent.',
  401: 'A key is needed, and none that is valid was shown.',
  403: 'The key may not send such events.',
  404: 'The target tells no kind of events; nothing was sent.',
  409: 'A request with the same Idempotency-Key is still running.',
  413: 'The request is too large; nothing was sent.',
  415: 'The body has a type or an encoding that is not taken here.',
  422: 'The request is not as it must be; nothing was sent.',
  429: 'The key has sent more than it may, or has as many outcomes kept as it may; nothing was sent. Retry-After says when to come again.',
  503: 'Nothing was sent. Send it again later.',
  504: 'Kafka did not confirm in time: the event may exist. Sending it again does no harm.',
};
const ofEvents = ['RateLimit', 'RateLimit-Policy', 'Idempotency-Replayed'];

/** Describes a route that takes events: what is common to all (the refusals, the headers, the keys) in its own words. */
export function describeEvents({
  route,
  taken,
  errors,
  also = {},
  exchanges,
  refusals = {},
  parameters = [],
  body,
  ...text
}: {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  route: Pick<EventRoute, 'limits' | 'refuse'>;
  parameters?: readonly Json[];
  /** Schema of the body; by content type where types differ. */
  body: Json | Readonly<Record<string, Json>>;
  taken: { description: string; schema: Json; type?: string; receipt: boolean; statuses?: readonly number[] };
  /** Name of the schema of this route's errors. */
  errors: string;
  /** By status: what else but an error its answers may be. */
  also?: Also;
  exchanges: ShownExchanges;
  /** Refusals of this route alone, by the name of their example. */
  refusals?: Readonly<Record<string, Refusal>>;
}): Json {
  const answers = new Map<number, Said>();
  for (const status of taken.statuses ?? [200, 202])
    answers.set(status, {
      description: meaningsOfTaken[status] ?? taken.description,
      type: taken.type ?? 'application/json',
      schema: taken.schema,
      headers: headersOf(taken.receipt ? ['Pinflow-Receipt', ...headersAlways, ...ofEvents] : [...headersAlways, ...ofEvents]),
      examples: {},
    });
  for (const [name, refusal] of Object.entries({ ...eventRefusals(route.limits), ...refusals }))
    addRefusal(answers, name, refusal, route.refuse(refusal), { meanings: meaningsOfRefused, errors, headers: ofEvents });
  addAlso(answers, also, meaningsOfRefused);
  addExchanges(answers, exchanges);
  return {
    ...text,
    security,
    parameters: [...parameters, ...['ack', 'Idempotency-Key', 'X-Request-Id'].map((name) => reference('parameters', name))],
    requestBody: requestBody([...route.limits.types], body, exchanges),
    responses: responsesOf(answers),
  };
}
