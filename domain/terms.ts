/**
 * The words of Pinflow. Use these and no others; no word means two things.
 *
 * Events
 * event          what a client sent, of one kind (domain/kinds/list.ts)
 * record         an event in Kafka, with coordinates (topic, partition, offset) and append time
 * identity       what tells one thing from another: the field that its kind names
 * content        that of an identity's latest record, by (append time, partition, offset)
 * position       coordinates and append time of an identity's first record; windows go by it
 *
 * Door
 * door           the HTTP API that takes events; acks once Kafka has them
 * dialect        the wire shape of one generation of clients: how it is read and how it is spoken to
 * exchange       one HTTP request and its answer
 * caller         whoever sends a request: an API key, a session, or nobody known
 * refusal        what the door answers instead of taking an event: a status, a reason code, a sentence
 * receipt        where an event that was acked stands in Kafka
 *
 * Readers
 * reader         a long-running workflow that consumes the log: landing or stream
 * sink           what a reader hands batches to: raw objects or Postgres
 * slot           a share of a reader's partitions, worked by one activity at a time
 * segment        one bounded stretch of a reader's work in one slot
 * checkpoint     the next offset of a reader in a partition, with the epoch of its owner
 * epoch          the fencing number of a partition's owner
 * change set     what the upsert of a batch did to identities: old and new row, old and new position
 *
 * Lake
 * raw object     a zstd NDJSON object in S3 holding one contiguous offset range of one partition
 * cut            the offset per partition at which an interval ends; found once and never changed
 * interval       a half-open range of append time and the offset ranges between two cuts
 * clean row      a typed row that cleaning made of a record
 * reject         a row with a reason code that cleaning made of a record it could not type
 * dead letter    a clean row that only the sink refused
 * lake table     a Delta Lake table in S3
 * generation     one published result: interval, run, and the version of every lake table
 *
 * Answers
 * metric         what the events say in numbers, one folder of domain/metrics/: never what operators scrape
 * mart           a historical metric's table
 * window         a real-time metric's time bucket
 * telemetry      what operators scrape: Prometheus, logs, traces
 *
 * Keys are said with what they open: an API key (folder keys/), a record's key in Kafka, an object's key in S3, a window's key.
 * Offsets within anything but a partition are indexes or places; `position` in answers of `POST /events` is a row's place, as
 * clients know it.
 *
 * This file holds the types of those words; the strings that two processes must agree on are in names.ts.
 */

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
