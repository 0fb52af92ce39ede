import { describeEvents } from '#api/describe/describe-events.ts';
import { pin, without } from '#api/describe/rows.ts';
import type { Door } from '#api/door/door.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { schemaOf } from '#api/openapi/json-schema.ts';
import { makePinRoute } from '#api/pin/route.ts';
import { pinItem, requiredPinFields } from '#domain/kinds/pin/schema.ts';

/** One pin a request, in FastAPI's dialect. */
export function describePin(door: Pick<Door, 'limits'>): Json {
  const required = Object.fromEntries(requiredPinFields.map((name) => [name, pin[name]]));
  const nameless = without(pin, 'index');
  return {
    '/pin/': {
      post: describeEvents({
        operationId: 'sendPin',
        tags: ['Events'],
        summary: 'Send one pin',
        description:
          'The way of the first clients; `/pin` is the same. The answer repeats the body byte for byte once Kafka has it. Unknown fields are kept.',
        route: makePinRoute(door),
        body: schemaOf(pinItem),
        taken: { description: 'The pin as it was sent; Kafka has it.', schema: schemaOf(pinItem), receipt: true },
        errors: 'Detail',
        exchanges: {
          'all-fields': { summary: `All ${Object.keys(pin).length} fields`, body: pin, status: 200, answer: pin },
          'required-fields': {
            summary: `The ${requiredPinFields.length} fields of the first API`,
            body: required,
            status: 200,
            answer: required,
          },
          'not-waited-for': { summary: 'With ?ack=none', body: pin, status: 202, answer: pin },
          'field-missing': {
            summary: 'A field is missing',
            body: nameless,
            status: 422,
            answer: { detail: [{ type: 'missing', loc: ['body', 'index'], msg: 'Field required', input: nameless }] },
          },
          'no-integer': {
            summary: 'A text that is no integer, and a number for a text',
            body: { ...pin, index: 'x', title: 5 },
            status: 422,
            answer: {
              detail: [
                {
                  type: 'int_parsing',
                  loc: ['body', 'index'],
                  msg: 'Input should be a valid integer, unable to parse string as an integer',
                  input: 'x',
                },
                { type: 'string_type', loc: ['body', 'title'], msg: 'Input should be a valid string', input: 5 },
              ],
            },
          },
        },
      }),
    },
  };
}
