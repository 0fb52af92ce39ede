import { z } from 'zod';
import { exampleEvent } from '#domain/schemas/example-event.ts';
import { requestRecordsMax } from '#domain/schemas/rest-v2.ts';

/** What is in `Data` is an event of the stream's kind: see rowSchemas. */
const data = z
  .union([z.looseObject({}), z.string()], { error: 'Must be the row as an object, as JSON text, or as base64 of JSON text' })
  .meta({ description: 'The row: as an object, as JSON text, or as base64 of JSON text.' });
const partitionKey = z.unknown().optional().meta({ description: "The client's guess, ignored: the key is the row's identity." });

/** The body of `PUT /streams/<name>/record`. Names of members are taken in either case. */
export const kinesisRecord = z
  .looseObject({ StreamName: z.unknown().optional(), Data: data, PartitionKey: partitionKey })
  .meta({ examples: [{ StreamName: `streaming-0a1b2c3d4e5f-${exampleEvent.kind}`, Data: exampleEvent.row, PartitionKey: 'partition-1' }] });

/** The body of `PUT /streams/<name>/records`. Names of members are taken in either case; `partition-key` may be there too. */
export const kinesisRecords = z
  .looseObject({
    StreamName: z.unknown().optional(),
    Records: z
      .array(z.looseObject({ Data: data, PartitionKey: partitionKey }))
      .min(1)
      .max(requestRecordsMax),
  })
  .meta({ examples: [{ records: [{ data: exampleEvent.row, 'partition-key': 'partition-1' }] }] });

const place = { SequenceNumber: z.string().nullable(), ShardId: z.string().nullable() };

/** Where the record is: its offset and its partition (12 digits); nulls where nobody waited (`?ack=none`). */
export const kinesisRecordAnswer = z.object(place).meta({ examples: [{ SequenceNumber: '31', ShardId: 'shardId-000000000000' }] });
const recordFailure = z.object({
  ErrorCode: z.enum(['ProvisionedThroughputExceededException', 'InternalFailure']).meta({
    description: 'ProvisionedThroughputExceededException: not sent, send it again. InternalFailure: it may exist, or never fits.',
  }),
  ErrorMessage: z.string(),
});

/** The answer to several records, in the order of the request. */
export const kinesisRecordsAnswer = z.object({
  FailedRecordCount: z.int(),
  Records: z.array(z.union([kinesisRecordAnswer, recordFailure])),
});

export const kinesisError = z.object({ __type: z.string(), message: z.string() });

export type KinesisRecordAnswer = z.infer<typeof kinesisRecordAnswer>;
export type KinesisRecordsAnswer = z.infer<typeof kinesisRecordsAnswer>;
