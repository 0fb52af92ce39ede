import type { Kind } from '#domain/kinds/list.ts';

/** What a tail shows, a JSON object a line. Times are RFC 3339; `keyId` and `source` are null where not known. */
export type TailLine = RecordLine | RefusalLine | RejectLine | SkippedLine | NoteLine;

/** A record as it came into its topic. */
export type RecordLine = {
  type: 'record';
  /** Append time. */
  time: string;
  kind: Kind;
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  source: string | null;
  keyId: string | null;
  eventId: string | null;
  receivedAt: string | null;
  headers: [name: string, value: string][];
  /** The client's JSON as it came; null for a record without a value. */
  value?: unknown;
  /** In place of `value` where the bytes are no JSON object. */
  valueBase64?: string;
};

/** Requests or rows that the door refused, since the line before that was alike. */
export type RefusalLine = {
  type: 'refusal';
  /** Of the last of them. */
  time: string;
  route: string;
  status: number;
  reason: string;
  count: number;
  keyId: string;
  source: string;
  /** Null where the request's target tells none. */
  kind: Kind | null;
  requestId: string;
  message: string;
  client: string;
};

/** A record that the door took and the stream could not make a row of. */
export type RejectLine = {
  type: 'reject';
  time: string;
  kind: Kind;
  topic: string;
  partition: number;
  offset: number;
  reason: string;
  keyId: string | null;
  source: string | null;
  eventId: string | null;
};

/** Lines that were left out because the reader is too slow. */
export type SkippedLine = { type: 'skipped'; count: number };
export type NoteLine = { type: 'note'; message: string };
