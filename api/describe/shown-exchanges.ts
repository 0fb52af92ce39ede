import type { Json } from '#api/openapi/json-schema.ts';

/**
 * A body that clients may send and the answer that it gets. Both stand in the document under the same name, by which a
 * test finds what to send and what to expect (test/api/docs/examples.test.ts); parameters may have a value of that name.
 */
export type ShownExchange = {
  summary: string;
  /** The body; text where the content type is not JSON; absent where the request has none. */
  body?: unknown;
  status: number;
  answer: unknown;
};
export type ShownExchanges = Readonly<Record<string, ShownExchange>>;

const jsonType = /[/+](x-amz-)?json(-1\.1)?$/;

export function requestBody(types: readonly string[], body: Json, exchanges: ShownExchanges): Json {
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
