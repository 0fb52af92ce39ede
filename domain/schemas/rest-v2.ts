import { z } from 'zod';
import { rowSchemas } from '#domain/kinds/row-schemas.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { kinds } from '#domain/kinds/list.ts';

/** Most records of one request: what the publisher puts into one produce request. */
export const requestRecordsMax = 5_000;

/** The body of `POST /topics/<name>.<kind>` (Confluent REST v2). Keys and partitions are the client's guess: ignored. */
export const restV2Bodies = Object.fromEntries(kinds.map((kind) => [kind, restV2Body(kind)])) as Record<
  Kind,
  ReturnType<typeof restV2Body>
>;

function restV2Body(kind: Kind) {
  return z.looseObject({
    records: z
      .array(z.looseObject({ key: z.unknown().optional(), value: rowSchemas[kind], partition: z.unknown().optional() }))
      .min(1)
      .max(requestRecordsMax),
  });
}

const recordAnswer = z.object({
  partition: z.int().nullable(),
  offset: z.int().nullable(),
  error_code: z.int().nullable(),
  error: z.string().nullable(),
});

/** The answer: where each record is, in the order of the request. */
export const restV2Answer = z.object({ offsets: z.array(recordAnswer), key_schema_id: z.null(), value_schema_id: z.null() });
export type RestV2Record = z.infer<typeof recordAnswer>;
