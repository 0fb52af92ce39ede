import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { ShownExchanges } from '#api/describe/shown-exchanges.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference } from '#api/openapi/json-schema.ts';

/** By status: what a refusal means to the clients of a route. */
export type Meanings = Readonly<Record<number, string>>;
/** How a route tells what it refuses; `errors` is the name of a schema, `headers` stand in each of its refusals. */
export type Refusing = { meanings: Meanings; errors: string; headers: readonly string[] };
/** By status: what else than usual its answers may be. */
export type Also = Readonly<Record<number, Json>>;
/** An answer of a status, with every example of it. */
export type Said = {
  description: string;
  type: string;
  otherTypes?: readonly string[];
  schema: Json;
  headers: Json;
  examples: Record<string, Json>;
  /** Refusals of a status that is also a page: they have a type of their own. */
  refused?: { type: string; schema: Json; examples: Record<string, Json> };
};

/** Headers of every answer. */
export const headersAlways = ['X-Request-Id'];

export function addRefusal(
  answers: Map<number, Said>,
  name: string,
  refusal: Refusal,
  answer: Answer,
  { meanings, errors, headers }: Refusing,
): void {
  const said = answers.get(answer.status) ?? {
    description: meaningOf(meanings, answer.status),
    type: answer.headers['Content-Type']!,
    schema: reference('schemas', errors),
    headers: headersOf([...headersAlways, ...headers]),
    examples: {},
  };
  answers.set(answer.status, said);
  for (const header of Object.keys(refusal.headers ?? {})) said.headers[header] = reference('headers', header);
  const type = answer.headers['Content-Type']!;
  const shown = said.type === type ? said : (said.refused ??= { type, schema: reference('schemas', errors), examples: {} });
  shown.examples[name] = { summary: refusal.reason, value: JSON.parse(String(answer.body)) as unknown };
}

export function addAlso(answers: Map<number, Said>, also: Also, meanings: Meanings, type = 'application/json'): void {
  for (const [status, schema] of Object.entries(also)) {
    const said = answers.get(Number(status));
    if (said === undefined)
      answers.set(Number(status), {
        description: meaningOf(meanings, Number(status)),
        type,
        schema,
        headers: headersOf(headersAlways),
        examples: {},
      });
    else said.schema = { anyOf: [said.schema, schema] };
  }
}

export function addExchanges(answers: ReadonlyMap<number, Said>, exchanges: ShownExchanges): void {
  for (const [name, { summary, status, answer }] of Object.entries(exchanges)) {
    const said = answers.get(status);
    if (said === undefined) throw new Error(`The example ${name} is answered with ${status}, which its route does not describe.`);
    // What a client sends and gets stands before what may befall it.
    said.examples = { [name]: { summary, value: answer }, ...said.examples };
  }
}

export function responsesOf(answers: ReadonlyMap<number, Said>): Json {
  return Object.fromEntries(
    [...answers]
      .sort(([left], [right]) => left - right)
      .map(([status, { description, type, otherTypes = [], schema, headers, examples, refused }]) => {
        const others: Json = Object.fromEntries(otherTypes.map((other) => [other, { schema }]));
        if (refused !== undefined) others[refused.type] = { schema: refused.schema, examples: refused.examples };
        return [status, { description, headers, ...(type === '' ? {} : { content: { [type]: { schema, examples }, ...others } }) }];
      }),
  );
}

export function headersOf(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, reference('headers', name)]));
}

function meaningOf(meanings: Meanings, status: number): string {
  const meaning = meanings[status];
  if (meaning === undefined) throw new Error(`Nobody says what ${status} means here: give the description of the route a meaning for it.`);
  return meaning;
}
