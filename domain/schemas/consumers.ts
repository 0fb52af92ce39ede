import { z } from 'zod';
import { exampleEvent } from '#domain/schemas/example-event.ts';

/** What a name of a group or an instance must be. */
export const nameRule = '1 to 200 letters, digits, dots, dashes or underscores';

/** How long reading waits for records: where nobody says, and at most. */
export const readTimeoutMs = { default: 1_000, max: 30_000 };

/** Names that clients give groups and instances: they stand in URLs and in names of Kafka groups. */
export const consumerName = z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, `Must be ${nameRule}`);

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const milliseconds = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);

/** The body of `POST /consumers/<group>`; defaults are Confluent's. Members that are not named here are ignored. */
export const consumerSettings = z
  .looseObject({
    name: consumerName.optional().meta({ description: 'Name of the instance; one is made where it is missing.' }),
    format: z.enum(['json', 'binary']).default('binary').meta({ description: 'json, or base64 of keys and values.' }),
    'auto.offset.reset': z
      .enum(['earliest', 'latest'])
      .default('latest')
      .meta({ description: 'Where a group without a committed offset begins: at the first record, or after those of now.' }),
    'auto.commit.enable': flag
      .default(true)
      .meta({ description: 'Whether reading again, or deleting the instance, commits what was read before.' }),
    'consumer.request.timeout.ms': milliseconds
      .optional()
      .meta({ description: `How long reading waits for records; default ${readTimeoutMs.default}.` }),
  })
  .meta({ examples: [{ name: 'c1', format: 'json', 'auto.offset.reset': 'earliest' }] });

export const consumerCreated = z
  .object({ instance_id: z.string(), base_uri: z.url() })
  .meta({ examples: [{ instance_id: 'c1', base_uri: 'http://127.0.0.1:8000/consumers/students/instances/c1' }] });

/** What an instance reads: names that end in a kind. */
export const consumerSubscription = z
  .looseObject({ topics: z.array(z.string()).min(1).max(100) })
  .meta({ examples: [{ topics: [`0a1b2c3d4e5f.${exampleEvent.kind}`] }] });

/** The body of `POST .../offsets`: the last record of each partition that is done with. No body: all that was read. */
export const consumerOffsets = z
  .looseObject({
    offsets: z
      .array(z.looseObject({ topic: z.string(), partition: z.int().nonnegative(), offset: z.int().nonnegative() }))
      .min(1)
      .max(1_000),
  })
  .meta({ examples: [{ offsets: [{ topic: `0a1b2c3d4e5f.${exampleEvent.kind}`, partition: 0, offset: 31 }] }] });

/** The answer of `GET .../records`. In the format `binary` key and value are base64. */
export const consumedRecords = z
  .array(
    z.object({
      topic: z.string().meta({ description: 'As it was subscribed.' }),
      key: z.string().nullable(),
      value: z.unknown().meta({ description: 'The event; a string where the record holds no JSON.' }),
      partition: z.int(),
      offset: z.int(),
    }),
  )
  .meta({
    examples: [[{ topic: `0a1b2c3d4e5f.${exampleEvent.kind}`, key: exampleEvent.key, value: exampleEvent.row, partition: 0, offset: 31 }]],
  });

export type ConsumerSettings = z.infer<typeof consumerSettings>;
export type ConsumerOffset = z.infer<typeof consumerOffsets>['offsets'][number];
