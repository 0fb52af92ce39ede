import type { Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { toKafkaFailure } from '#adapters/kafka/client.ts';
import { toLogRecord } from '#adapters/kafka/reader.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

/** The next offset to read of a partition. */
export type NextOffset = TopicPartition & { offset: number };

/** A member of a consumer group that reads when it is asked to. One call at a time. */
export type PollConsumer<Selected> = {
  /**
   * What `select` makes of the records that follow those of the last poll: waits until `timeoutMs` for the first, then
   * takes what comes quickly, up to about `bytesMax` (one record at least). Empty where nothing came, where the group is
   * still forming, and after a long stretch of records that nobody selected.
   * @throws Failure where reading ended; the next poll begins anew, behind the last commit.
   */
  poll(wanted: { timeoutMs: number; bytesMax: number; signal: AbortSignal }): Promise<Selected[]>;
  /**
   * Commits the given offsets, by default behind all that was polled. Where the group has changed meanwhile nothing is
   * committed, and the records come again.
   * @throws Failure
   */
  commit(offsets?: readonly NextOffset[]): Promise<void>;
  /** Leaves the group, without a commit; a poll under way answers at once. */
  close(): Promise<void>;
};

export type PollConsumerOptions<Selected> = {
  kafka: Kafka;
  groupId: string;
  topics: readonly string[];
  /** Where the group has no offset in a partition: its start, or its end as it is now. */
  fromBeginning: boolean;
  /** Undefined skips the record. */
  select: (record: LogRecord) => Selected | undefined;
};

const heartbeatMs = 1_000;
/** The least that brokers take by default: so long a member that died holds up those after it. */
const sessionMs = 6_000;
/** How long an idle fetch waits at the broker, and leaving the group for it. */
const fetchWaitMs = 500;
const commitPauseMs = 100;
/** Leaving goes on in the background after so long: another member may hold up the group. */
const leaveMsMax = 2_000;
/** What a consumer holds in memory: the answer to one fetch. The next is asked for when a poll has taken it. */
const fetchBytesMax = 1_048_576;
/** A poll with records ends when nothing came for so long. */
const quietMs = 50;
/** Records that nobody selected keep a poll busy up to here. */
const scanBytesMax = 33_554_432;

/** What a poll is doing when it fails, in the words of failures. */
export const readingForGroup = 'reading for a consumer group';

/** Records of a partition that wait for polls; their handler in kafkajs waits with them. */
type Offer = { records: LogRecord[]; at: number; taken: () => void };
/** One kafkajs consumer from its start to its failure. */
type Life = { consumer: Consumer; offer: Offer | undefined; failure: Error | undefined; isPlaced: boolean; joining: Promise<void> };

/** Joins the group in the background. @throws Failure where Kafka does not tell the offsets to start from. */
export async function openPollConsumer<Selected>(options: PollConsumerOptions<Selected>): Promise<PollConsumer<Selected>> {
  let starts: readonly NextOffset[] = options.fromBeginning ? [] : await findEnds(options);
  /** Behind what was polled and is not committed, by partition. */
  let polled = new Map<string, NextOffset>();
  let closed = false;
  let wake: () => void = () => undefined;
  let life = begin();

  function begin(): Life {
    const consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      heartbeatInterval: heartbeatMs,
      minBytes: 1,
      maxWaitTimeInMs: fetchWaitMs,
      maxBytesPerPartition: fetchBytesMax,
      maxBytes: fetchBytesMax,
      allowAutoTopicCreation: false,
      // A failed consumer is replaced at the next poll, not restarted for nobody.
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3, restartOnFailure: () => Promise.resolve(false) },
    });
    const begun: Life = { consumer, offer: undefined, failure: undefined, isPlaced: false, joining: Promise.resolve() };
    polled = new Map();
    const fail = (error: unknown): void => {
      begun.failure ??= asFailure(error, readingForGroup);
      wake();
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    // From here on the broker's offsets count: what was polled and not committed comes again, to whoever has the partition.
    consumer.on(consumer.events.GROUP_JOIN, () => void (polled = new Map()));
    begun.joining = join(begun).catch(async (error: unknown) => {
      fail(error);
      await consumer.disconnect().catch(() => undefined); // It may not even be connected.
    });
    return begun;
  }

  async function join(begun: Life): Promise<void> {
    const { consumer } = begun;
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.fromBeginning });
    if (closed) return;
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => offerBatch(begun, payload) });
    // Without a commit, a change of the group would move an offset "at the end" behind records that came meanwhile.
    while (starts.length > 0 && !closed && begun.failure === undefined) {
      if (await commitOffsets(consumer, starts)) {
        for (const { topic, partition, offset } of starts) consumer.seek({ topic, partition, offset: String(offset) });
        starts = [];
      } else await delay(commitPauseMs);
    }
    begun.isPlaced = true;
  }

  /** Holds a batch until polls have taken it, and so keeps kafkajs from fetching more; heartbeats meanwhile. */
  async function offerBatch(begun: Life, { batch, heartbeat, isRunning, isStale, resolveOffset }: EachBatchPayload): Promise<void> {
    if (closed || !begun.isPlaced || isStale() || batch.messages.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const offer: Offer = { records: toLogRecords(batch), at: 0, taken: resolve };
    begun.offer = offer;
    wake();
    try {
      while (offer.at < offer.records.length) {
        const waiting = new AbortController();
        await Promise.race([promise, delay(heartbeatMs, undefined, { signal: waiting.signal }).catch(() => undefined)]);
        waiting.abort();
        if (closed || !isRunning() || isStale()) return;
        // Throws where the group changes: kafkajs joins again, and what is not committed is fetched again.
        await heartbeat();
      }
      resolveOffset(String(offer.records.at(-1)!.offset));
    } finally {
      if (begun.offer === offer) begun.offer = undefined;
    }
  }

  async function poll({ timeoutMs, bytesMax, signal }: { timeoutMs: number; bytesMax: number; signal: AbortSignal }): Promise<Selected[]> {
    const deadline = performance.now() + timeoutMs;
    const selected: Selected[] = [];
    let bytes = 0;
    let scanned = 0;
    if (life.failure !== undefined && !closed) life = begin();
    while (bytes < bytesMax && scanned < scanBytesMax && !closed && !signal.aborted) {
      const { offer } = life;
      const record = offer?.records[offer.at];
      if (offer === undefined || record === undefined) {
        if (life.failure !== undefined) {
          if (selected.length > 0) break;
          throw life.failure;
        }
        const leftMs = deadline - performance.now();
        if (leftMs <= 0 || !(await comesWithin(selected.length > 0 ? Math.min(quietMs, leftMs) : leftMs, signal))) break;
        continue;
      }
      const chosen = options.select(record);
      const size = (record.key?.length ?? 0) + (record.value?.length ?? 0);
      if (chosen !== undefined && selected.length > 0 && bytes + size > bytesMax) break;
      scanned += size;
      if (chosen !== undefined) {
        selected.push(chosen);
        bytes += size;
      }
      polled.set(keyOf(record), { topic: record.topic, partition: record.partition, offset: record.offset + 1 });
      offer.at += 1;
      if (offer.at < offer.records.length) continue;
      life.offer = undefined;
      offer.taken();
    }
    return selected;
  }

  /** Whether something happened before the time was over. */
  async function comesWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, ms, false);
    const onAbort = (): void => resolve(true);
    wake = () => resolve(true);
    signal.addEventListener('abort', onAbort, { once: true });
    const came = await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    wake = () => undefined;
    return came;
  }

  async function commit(offsets: readonly NextOffset[] = [...polled.values()]): Promise<void> {
    if (life.failure !== undefined) {
      const { failure } = life;
      life = begin();
      throw failure;
    }
    if (offsets.length === 0) return;
    const committed = polled;
    await commitOffsets(life.consumer, offsets);
    for (const offset of offsets) if (committed.get(keyOf(offset))?.offset === offset.offset) committed.delete(keyOf(offset));
  }

  return {
    poll,
    commit,
    async close() {
      closed = true;
      wake();
      life.offer?.taken();
      // A consumer that is closed before it runs would run afterwards.
      const left = life.joining.then(() => life.consumer.disconnect()).catch(() => undefined); // The group empties by itself.
      const bound = new AbortController();
      await Promise.race([left, delay(leaveMsMax, undefined, { signal: bound.signal }).catch(() => undefined)]);
      bound.abort();
    },
  };
}

/** Ends of the partitions in which the group has no offset. */
async function findEnds({ kafka, groupId, topics }: { kafka: Kafka; groupId: string; topics: readonly string[] }): Promise<NextOffset[]> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
    const ends = await Promise.all(
      committed.map(async ({ topic, partitions }) => {
        const unknown = new Set(partitions.filter(({ offset }) => Number(offset) < 0).map(({ partition }) => partition));
        const offsets = unknown.size === 0 ? [] : await admin.fetchTopicOffsets(topic);
        return offsets
          .filter(({ partition }) => unknown.has(partition))
          .map(({ partition, high }) => ({ topic, partition, offset: Number(high) }));
      }),
    );
    return ends.flat();
  } catch (error) {
    throw toKafkaFailure(error, 'looking up the offsets of a consumer group');
  } finally {
    await admin.disconnect().catch(() => undefined); // What it was asked for is known or failed.
  }
}

const groupChanged = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/** @returns false where the group is changing: the broker takes no commits then. */
async function commitOffsets(consumer: Consumer, offsets: readonly NextOffset[]): Promise<boolean> {
  try {
    await consumer.commitOffsets(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })));
    return true;
  } catch (error) {
    const { type } = error as { type?: string };
    if (type !== undefined && groupChanged.has(type)) return false;
    throw asFailure(error, 'committing offsets of a consumer group');
  }
}

/** kafkajs also says plain errors where a consumer stopped meanwhile. */
function asFailure(error: unknown, doing: string): Error {
  const failure = toKafkaFailure(error, doing);
  return failure instanceof Failure ? failure : groupFailed(doing, error);
}

export function groupFailed(doing: string, cause?: unknown): Failure {
  return new Failure('unavailable', `Kafka, while ${doing}: it failed. Ask again.`, { cause });
}

function toLogRecords(batch: Batch): LogRecord[] {
  return batch.messages.map((message) => toLogRecord(batch, message));
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
