import type { Answer } from '#api/answers/answer.ts';
import type { EventRoute } from '#api/door/event-route.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { answerDetail } from '#api/answers/answer.ts';
import type { Json } from '#api/docs/components.ts';
import { reference, security } from '#api/docs/components.ts';
import { eventRefusals, keyRefusals, meaningOf } from '#api/docs/refusals.ts';

/**
 * A body that clients may send and the answer that it gets. Both stand in the document under the same name, by which a
 * test finds what to send and what to expect (test/api/docs/examples.test.ts); parameters may have a value of that name.
 */
export type Exchange = {
  summary: string;
  /** The body; text where the content type is not JSON; absent where the request has none. */
  body?: unknown;
  status: number;
  answer: unknown;
};
export type Exchanges = Readonly<Record<string, Exchange>>;

type Also = Readonly<Record<number, Json>>;
/** An answer of a status, with every example of it. */
type Said = {
  description: string;
  type: string;
  otherTypes?: readonly string[];
  schema: Json;
  headers: Json;
  examples: Record<string, Json>;
};

const always = ['X-Request-Id'];
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
  exchanges: Exchanges;
  /** Refusals of this route alone, by the name of their example. */
  refusals?: Readonly<Record<string, Refusal>>;
}): Json {
  const answers = new Map<number, Said>();
  for (const status of taken.statuses ?? [200, 202])
    answers.set(status, {
      description: meaningsOfTaken[status] ?? taken.description,
      type: taken.type ?? 'application/json',
      schema: taken.schema,
      headers: headersOf(taken.receipt ? ['Pinflow-Receipt', ...always, ...ofEvents] : [...always, ...ofEvents]),
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
  scope: string;
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
  exchanges?: Exchanges;
}): Json {
  const said = new Map<number, Said>();
  for (const [status, { description, schema = {}, type = 'application/json', headers = always, example }] of Object.entries(answers))
    said.set(Number(status), {
      description,
      type,
      otherTypes: status === '200' ? otherTypes : [],
      schema,
      headers: headersOf(headers),
      examples: example === undefined ? {} : { answer: { value: example } },
    });
  for (const [name, refusal] of Object.entries({ ...(scope === 'open' ? {} : keyRefusals(scope)), ...refusals }))
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

/** A path parameter with a value for each exchange that is named; the first is the usual one. */
export function pathParameter(name: string, description: string, values: Readonly<Record<string, string>>): Json {
  return { ...queryParameter(name, description, values, true), in: 'path' };
}

/** The same for the query. */
export function queryParameter(name: string, description: string, values: Readonly<Record<string, string>>, required = false): Json {
  const examples = Object.fromEntries(Object.entries(values).map(([exchange, value]) => [exchange, { value }]));
  return {
    name,
    in: 'query',
    required,
    description,
    schema: { type: 'string' },
    ...(Object.keys(values).length === 0 ? {} : { examples }),
  };
}

/** What stands before the routes of generation B in the addresses of its gateways. */
export const stageParameter = pathParameter('stage', 'The stage of the gateway that the client believes in; any one segment.', {
  any: 'test',
});

const jsonType = /[/+](x-amz-)?json(-1\.1)?$/;

function requestBody(types: readonly string[], body: Json, exchanges: Exchanges): Json {
  const byType = types.every((type) => type in body);
  const examples = Object.fromEntries(
    Object.entries(exchanges)
      .filter(([, exchange]) => exchange.body !== undefined)
      .map(([name, { summary, body: value }]) => [name, { summary, value }]),
  );
  const shownIn = (type: string): Json =>
    Object.fromEntries(
      Object.entries(examples).filter(([, { value }]) => jsonType.test(type) === (typeof value !== 'string') || types.length === 1),
    );
  return {
    required: true,
    content: Object.fromEntries(types.map((type) => [type, { schema: byType ? body[type] : body, examples: shownIn(type) }])),
  };
}

function addRefusal(
  answers: Map<number, Said>,
  name: string,
  refusal: Refusal,
  answer: Answer,
  errors: string,
  headers: readonly string[],
): void {
  const said = answers.get(answer.status) ?? {
    description: meaningOf(answer.status),
    type: answer.headers['Content-Type']!,
    schema: reference('schemas', errors),
    headers: headersOf([...always, ...headers]),
    examples: {},
  };
  answers.set(answer.status, said);
  for (const header of Object.keys(refusal.headers ?? {})) said.headers[header] = reference('headers', header);
  said.examples[name] = { summary: refusal.reason, value: JSON.parse(String(answer.body)) as unknown };
}

function addAlso(answers: Map<number, Said>, also: Also): void {
  for (const [status, schema] of Object.entries(also)) {
    const said = answers.get(Number(status));
    if (said === undefined)
      answers.set(Number(status), {
        description: meaningOf(Number(status)),
        type: 'application/json',
        schema,
        headers: headersOf(always),
        examples: {},
      });
    else said.schema = { anyOf: [said.schema, schema] };
  }
}

function addExchanges(answers: ReadonlyMap<number, Said>, exchanges: Exchanges): void {
  for (const [name, { summary, status, answer }] of Object.entries(exchanges)) {
    const said = answers.get(status);
    if (said === undefined) throw new Error(`The example ${name} is answered with ${status}, which its route does not describe.`);
    // What a client sends and gets stands before what may befall it.
    said.examples = { [name]: { summary, value: answer }, ...said.examples };
  }
}

function responsesOf(answers: ReadonlyMap<number, Said>): Json {
  return Object.fromEntries(
    [...answers]
      .sort(([left], [right]) => left - right)
      .map(([status, { description, type, otherTypes = [], schema, headers, examples }]) => {
        const others = Object.fromEntries(otherTypes.map((other) => [other, { schema }]));
        return [status, { description, headers, ...(type === '' ? {} : { content: { [type]: { schema, examples }, ...others } }) }];
      }),
  );
}

function headersOf(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, reference('headers', name)]));
}
