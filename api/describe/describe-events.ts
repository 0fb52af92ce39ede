import type { Refusal } from '#api/answers/refusal.ts';
import type { ShownExchanges } from '#api/describe/shown-exchanges.ts';
import { requestBody } from '#api/describe/shown-exchanges.ts';
import type { Json } from '#api/describe/json-schema.ts';
import { reference, security } from '#api/describe/json-schema.ts';
import { eventRefusals } from '#api/describe/refusals.ts';
import type { Also, Said } from '#api/describe/responses.ts';
import { addAlso, addExchanges, addRefusal, headersAlways, headersOf, responsesOf } from '#api/describe/responses.ts';
import type { EventRoute } from '#api/door/event-route.ts';

const meaningsOfTaken: Readonly<Record<number, string>> = {
  202: 'Taken with `?ack=none`; whether Kafka has it is not known.',
  207: 'Some rows are taken; `errors` has one entry for each of the others.',
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
    addRefusal(answers, name, refusal, route.refuse(refusal), errors, ofEvents);
  addAlso(answers, also);
  addExchanges(answers, exchanges);
  return {
    ...text,
    security,
    parameters: [...parameters, ...['ack', 'Idempotency-Key', 'X-Request-Id'].map((name) => reference('parameters', name))],
    requestBody: requestBody([...route.limits.types], body, exchanges),
    responses: responsesOf(answers),
  };
}
