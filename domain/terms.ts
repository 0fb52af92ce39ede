/**
 * The words of Pinflow. Use these and no others.
 *
 * event          what a client sent; kind `pin`, `geo` or `user`
 * record         an event in Kafka, with coordinates (topic, partition, offset) and append time
 * identity       `unique_id` of a pin, `ind` of a geo or user row
 * content        that of an identity's latest record, by (append time, partition, offset)
 * position       coordinates and append time of an identity's first record; windows go by it
 * raw object     a zstd NDJSON object in S3 holding one contiguous offset range of one partition
 * cut            the offset per partition at which an interval ends; found once and never changed
 * interval       a half-open range of append time and the offset ranges between two cuts
 * clean row      a typed row that cleaning made of a record
 * reject         a row with a reason code that cleaning made of a record it could not type
 * dead letter    a clean row that only the sink refused
 * lake table     a Delta Lake table in S3
 * generation     one published result: interval, run, and the version of every lake table
 * segment        one bounded stretch of a reader's work in one slot
 * epoch          the fencing number of a partition's owner
 * change set     what the upsert of a batch did to identities: real-time metrics are SELECTs over it
 * mart           a historical metric, materialised
 * window         a real-time metric's time bucket
 *
 * This file holds the types of those words; the strings that two processes must agree on are in names.ts.
 */

/** What a client sent. The order is the order in which lake tables are committed. */
export const kinds = ['pin', 'geo', 'user'] as const;
export type Kind = (typeof kinds)[number];

/** A partition of a topic. */
export type TopicPartition = { topic: string; partition: number };

/** Half-open offset range `[from, to)` of one partition. Offsets are safe integers in memory, strings across Temporal. */
export type OffsetRange = TopicPartition & { from: number; to: number };

/** A record as the log holds it: bytes, never parsed. `appendTimeMs` is the broker's stamp (LogAppendTime), Unix ms. */
export type LogRecord = TopicPartition & {
  offset: number;
  appendTimeMs: number;
  key: Buffer | null;
  value: Buffer | null;
  /** In wire order as far as the client keeps it; a name sent twice stands twice. */
  headers: [name: string, value: Buffer][];
};

/** Names of the headers that the door puts on every record. Values are UTF-8 text. */
export const headerNames = {
  eventId: 'event-id',
  receivedAt: 'received-at',
  kind: 'kind',
  source: 'source',
  instance: 'instance',
  /** Id of the API key that sent the event; absent where keys are off. */
  keyId: 'key-id',
} as const;
