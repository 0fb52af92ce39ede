import { z } from 'zod';
import { exampleEvent } from '#domain/schemas/example-event.ts';

/** The answer of `POST /send_data`: the place is null where nobody waited (`?ack=none`). */
export const sendDataAnswer = z
  .object({ status: z.literal('success'), topic: z.string(), partition: z.int().nullable(), offset: z.int().nullable() })
  .meta({ examples: [{ status: 'success', topic: `pin_data.${exampleEvent.kind}`, partition: 0, offset: 31 }] });

/** The answer of `GET /get_data`: the newest record. */
export const getDataAnswer = z
  .object({
    topic: z.string().meta({ description: 'As it was asked for; without ?topic= the source and kind of the record.' }),
    key: z.string().nullable(),
    value: z.unknown().meta({ description: 'The event; a string where the record holds no JSON.' }),
    partition: z.int(),
    offset: z.int(),
  })
  .meta({
    examples: [{ topic: `pin_data.${exampleEvent.kind}`, key: exampleEvent.key, value: exampleEvent.row, partition: 0, offset: 31 }],
  });

export type SendDataAnswer = z.infer<typeof sendDataAnswer>;
