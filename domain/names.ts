import type { Kind } from '#domain/terms.ts';
import { kinds } from '#domain/terms.ts';

/**
 * Every string that two processes must agree on. `prefix` lets two environments share servers; it is empty in the
 * default environment and, where given, ends in a separator of its own (`ci-`).
 */
export function makeNames(prefix: string) {
  const topicOf = (kind: Kind): string => `${prefix}pinterest.${kind}`;
  return {
    prefix,
    topicOf,
    topics: kinds.map(topicOf),
    /** The kind that a topic carries, by the topic's exact name; undefined for foreign topics. */
    kindOfTopic: (topic: string): Kind | undefined => kinds.find((kind) => topicOf(kind) === topic),
    queues: {
      control: `${prefix}pin-control`,
      batch: `${prefix}pin-batch`,
      stream: `${prefix}pin-stream`,
      landing: `${prefix}pin-landing`,
    },
    workflowIds: {
      stream: `${prefix}pin-stream`,
      landing: `${prefix}pin-landing`,
      /** The id is the lock of the interval. `start` is RFC 3339, UTC. */
      interval: (start: string): string => `${prefix}pin-batch/${start}`,
      marts: `${prefix}pin-marts`,
      /** A look at the ledger that somebody asked for; `nonce` is never the same. */
      look: (nonce: string): string => `${prefix}pin-batch-look-${nonce}`,
    },
    /** Schedule ids and, at the same time, the prefix of their runs' workflow ids. */
    scheduleId: `${prefix}pin-batch`,
    cleanupScheduleId: `${prefix}pin-cleanup`,
    /** Kafka group of one attempt of a slot: never joined twice. */
    attemptGroup: (reader: string, slot: number, nonce: string): string => `${prefix}pinflow-${reader}-${slot}-${nonce}`,
    /** Kafka group of those members of a client's consumer group that read the same; none of ours begins like it. */
    clientGroup: (group: string, subscriptionId: string): string => `${prefix}client-${group}-${subscriptionId}`,
    bucketPrefix: `${prefix}pinterest-data-`,
  };
}

export type Names = ReturnType<typeof makeNames>;

/** Workflow types, as registered in workflows/index.ts. */
export const workflowTypes = {
  stream: 'pinStream',
  landing: 'pinLanding',
  batchTick: 'pinBatchTick',
  batchInterval: 'pinBatchInterval',
  cleanup: 'pinCleanup',
  marts: 'pinMarts',
} as const;

/** Search attributes; all are registered on the namespace by the stack. */
export const searchAttributes = {
  PinInterval: 'Keyword',
  PinState: 'Keyword',
  PinRows: 'Int',
  PinLag: 'Int',
} as const;

/** Lake tables in the order in which a publish commits them. Marts are added by the mart list. */
export const lakeTables = ['clean_pins', 'clean_geo', 'clean_users', 'rejects'] as const;
export type LakeTable = (typeof lakeTables)[number];
export const cleanTableOf: Record<Kind, LakeTable> = { pin: 'clean_pins', geo: 'clean_geo', user: 'clean_users' };
/** Table of the stream's sink per kind: a row an identity. */
export const sinkTableOf: Record<Kind, string> = { pin: 'public.experimental_data', geo: 'public.geo', user: 'public.users' };
/** Ad-hoc view per kind: one row per identity. */
export const viewOf: Record<Kind, string> = { pin: 'pins', geo: 'geo', user: 'users' };
