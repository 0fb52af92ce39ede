import type { Message, Producer, RecordMetadata, TopicMessages } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { toKafkaFailure } from '#adapters/kafka/client.ts';
import type { Log } from '#adapters/log.ts';
import { Failure } from '#domain/failures.ts';

export type RecordToPublish = { topic: string; key: Buffer; value: Buffer; headers: Record<string, Buffer | string> };
export type Ack = { topic: string; partition: number; offset: number; appendTimeMs: number };

/** What a produce request needs to know of a record that waits. */
export type Waiting = { record: RecordToPublish; partition: number };

/** Hears what became of the records of a produce request; each is reported once. */
export type Verdicts<Entry> = {
  acked: (entry: Entry, ack: Ack) => void;
  refused: (entry: Entry, failure: Failure) => void;
  /** Once per partition and request, with the offsets that Kafka acked (inclusive). */
  onAck?: ((topic: string, partition: number, firstOffset: number, lastOffset: number) => void) | undefined;
  /** After each produce request that Kafka took. */
  onProduce?: ((records: number, tookMs: number) => void) | undefined;
  /**
   * Whether one broker has all partitions. With several, one may have taken its part of a request that fails at
   * another: kafkajs takes back the sequence numbers of the failed part only, and what is sent again would stand in the
   * log twice. Then each partition is a request of its own, which is either taken or can be sent again as it was.
   */
  oneBroker: boolean;
  /** Whether the producer was given up meanwhile: then nothing is sent again. */
  isGivenUp: (through: Producer) => boolean;
  log: Log;
};

/** An attempt that takes longer hangs on a connection that is dead without saying so; kafkajs's own timeout is 10 s. */
const attemptMsMax = 12_000;
/** How long a request is sent again before it is given up. Its clients have had their answer long before. */
const requestMsMax = 60_000;
const retryPauseMs = 100;
/** Framing of a record and its headers, generously. */
const recordSlackBytes = 32;

/** The request cannot go on with this producer, and what it sent may exist. */
export class Ambiguous extends Error {
  /** Whether the broker's idea of the producer is not ours any more. */
  hasLostSequence = false;
}

/**
 * Has Kafka take the entries. Where it refuses the request for one record's sake, the same partitions are sent one by
 * one (as they were: a partition that was taken already is recognised by its sequence numbers), and a partition that
 * is refused in halves, until the culprit stands alone.
 */
export async function produce<Entry extends Waiting>(
  through: Producer,
  entries: readonly Entry[],
  verdicts: Verdicts<Entry>,
  startedAt = performance.now(),
): Promise<void> {
  const groups = groupByPartition(entries);
  if (groups.size > 1 && !verdicts.oneBroker) return produceApart(through, groups, verdicts, startedAt);
  let refusedFor: Failure;
  try {
    acknowledge(groups, verdicts, await attemptUntilTaken(through, groups, verdicts, startedAt));
    return;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    refusedFor = error;
  }
  const [first] = groups.values();
  if (groups.size > 1) for (const group of groups.values()) await produce(through, group, verdicts, startedAt);
  else if (refusedFor.kind === 'invalid_data' && first!.length > 1)
    for (const half of halves(first!)) await produce(through, half, verdicts, startedAt);
  else for (const entry of first!) verdicts.refused(entry, refusedFor);
}

/** Each partition on its own, side by side; what one throws waits for the others. */
async function produceApart<Entry extends Waiting>(
  through: Producer,
  groups: Map<string, Entry[]>,
  verdicts: Verdicts<Entry>,
  startedAt: number,
): Promise<void> {
  const ends = await Promise.allSettled([...groups.values()].map((group) => produce(through, group, verdicts, startedAt)));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** @throws Failure `invalid_data` or `denied` where Kafka refuses; Ambiguous where nobody can tell any more. */
async function attemptUntilTaken<Entry extends Waiting>(
  through: Producer,
  groups: Map<string, Entry[]>,
  verdicts: Verdicts<Entry>,
  startedAt: number,
): Promise<RecordMetadata[]> {
  if (verdicts.isGivenUp(through)) throw new Ambiguous('a produce request was given up');
  const topicMessages = toTopicMessages(groups);
  for (let unanswered = false; ; unanswered = true) {
    const attemptedAt = performance.now();
    try {
      const answer = await within(attemptMsMax, through.sendBatch({ acks: -1, topicMessages }));
      verdicts.onProduce?.(sum(groups), performance.now() - attemptedAt);
      return answer;
    } catch (error) {
      const failure = toKafkaFailure(error, 'sending events');
      if (failure instanceof Failure && (failure.kind === 'invalid_data' || (!unanswered && hasType(error, isAuthorizationRefused))))
        throw failure;
      const hasLostSequence = hasType(error, (type) => lostSequenceTypes.has(type));
      const canRepeat =
        failure instanceof Failure &&
        failure.canRetry &&
        !hasLostSequence &&
        !verdicts.isGivenUp(through) &&
        performance.now() - startedAt < requestMsMax;
      if (!canRepeat) throw Object.assign(new Ambiguous('a produce request was given up', { cause: failure }), { hasLostSequence });
      verdicts.log.warn('a produce request failed; it is sent again', { error: failure });
      await delay(retryPauseMs);
      if (verdicts.isGivenUp(through)) throw new Ambiguous('a produce request was given up', { cause: failure });
    }
  }
}

function acknowledge<Entry extends Waiting>(groups: Map<string, Entry[]>, verdicts: Verdicts<Entry>, answer: RecordMetadata[]): void {
  for (const part of answer) {
    const name = groupName(part.topicName, part.partition);
    const entries = groups.get(name);
    const base = Number(part.baseOffset ?? -1);
    if (entries === undefined || !(base >= 0)) continue;
    groups.delete(name);
    const appendTimeMs = Number(part.logAppendTime ?? -1);
    verdicts.onAck?.(part.topicName, part.partition, base, base + entries.length - 1);
    for (const [i, entry] of entries.entries()) {
      verdicts.acked(entry, { topic: part.topicName, partition: part.partition, offset: base + i, appendTimeMs });
    }
  }
  // kafkajs leaves out partitions whose leader moved to a broker that had answered already: they were not sent.
  if (groups.size > 0) throw new Ambiguous('a partition is missing in the answer to a produce request');
}

/** The broker's idea of the producer's sequence is not ours any more. */
const lostSequenceTypes = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'PRODUCER_FENCED',
]);

/** A broker's own no to the request. A refusal to let us in again says nothing of what was sent before. */
const isAuthorizationRefused = (type: string): boolean => type.endsWith('AUTHORIZATION_FAILED');

/** Whether the error, or one that kafkajs wrapped in it, is of such a type. */
function hasType(error: unknown, isWanted: (type: string) => boolean): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (isWanted((at as { type?: string }).type ?? '')) return true;
  return false;
}

function groupName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function groupByPartition<Entry extends Waiting>(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = groupName(entry.record.topic, entry.partition);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else group.push(entry);
  }
  return groups;
}

function toTopicMessages(groups: ReadonlyMap<string, readonly Waiting[]>): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const group of groups.values()) {
    const { topic } = group[0]!.record;
    let messages = byTopic.get(topic);
    if (messages === undefined) byTopic.set(topic, (messages = []));
    for (const { record, partition } of group) messages.push({ key: record.key, value: record.value, headers: record.headers, partition });
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

function halves<Entry>(entries: readonly Entry[]): [Entry[], Entry[]] {
  const middle = entries.length >> 1;
  return [entries.slice(0, middle), entries.slice(middle)];
}

function sum(groups: ReadonlyMap<string, readonly Waiting[]>): number {
  let count = 0;
  for (const group of groups.values()) count += group.length;
  return count;
}

/** Rejects after `timeoutMs`; the work itself goes on. */
export async function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Ambiguous(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes of a record in its batch, estimated from above. */
export function sizeOf({ key, value, headers }: RecordToPublish): number {
  let size = recordSlackBytes + key.length + value.length;
  for (const name in headers) size += name.length + headers[name]!.length + 4;
  return size;
}
