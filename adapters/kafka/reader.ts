import type { Batch, Consumer, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaErrorOf, toKafkaFailure } from '#adapters/kafka/client.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord, OffsetRange, TopicPartition } from '#domain/terms.ts';

/**
 * What the log holds of a partition in `[from, to)`, and the partition's end as the broker saw it. Offsets without a record
 * are gaps that Kafka made itself (markers of transactions, aborted records, compaction); there may be no record at all.
 */
export type RecordBatch = OffsetRange & { records: LogRecord[]; highWatermark: number };

export type ReadOptions = {
  kafka: Kafka;
  /** Must begin anew for each call: rejoining a dead member's group would cost its session timeout. */
  groupId: string;
  from: readonly (TopicPartition & { offset: number })[];
  /** Called with at most one batch a partition at a time; the next comes after it resolved and begins where it ended. */
  onBatch: (batch: RecordBatch) => Promise<void>;
  /** First offset that the log still holds: tells a loss from a gap that Kafka made itself. */
  findLogStart: (partition: TopicPartition) => Promise<number>;
  /** A partition whose next records are gone from the log: it is read no further, the others are. */
  onLost: (partition: TopicPartition, problem: string) => Promise<void>;
  /** Told when the broker is not ready for readers yet and is asked again. */
  onNotReady?: (reason: string) => void;
  signal: AbortSignal;
  /** Partitions whose batches are handled side by side. */
  concurrency: number;
  bytesPerPartitionMax: number;
};

/** How long a broker may take to become ready for readers, and after which pause it is asked again. */
const startMsMax = 30_000;
const startPauseMs = 250;
/** What a broker says that has just started, just got its first group ever, or just made the topic. */
const notReadyYet = new Set([
  'KafkaJSGroupCoordinatorNotFound',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

/**
 * Reads fixed partitions from fixed offsets until `signal` aborts. The group is only a vehicle (kafkajs has no
 * assign()): its assigner hands this member exactly the given partitions, nothing is ever committed in it.
 * Every batch is guarded: what lies between the offset expected and its first must be gaps of Kafka's own, so that a silent
 * jump of the client (a seek out of range, a rejoin) ends the read instead of losing or repeating records.
 * @throws Failure `unavailable` when the consumer dies or was set back, or what `onBatch` threw.
 */
export async function readPartitions(options: ReadOptions): Promise<void> {
  const until = performance.now() + startMsMax;
  for (let tries = 1; ; tries++) {
    // Nothing was handed out as long as nothing was begun, so another consumer may begin at the same offsets.
    const turns = makeTurns(options.signal);
    try {
      return await readOnce({ ...options, groupId: tries === 1 ? options.groupId : `${options.groupId}-${tries}` }, turns);
    } catch (error) {
      if (turns.begun || !notReadyYet.has(kafkaErrorOf(error) ?? '') || performance.now() > until) throw error;
      options.onNotReady?.((error as Error).message);
    }
    await delay(startPauseMs, undefined, { signal: options.signal }).catch(() => undefined); // Then the next try ends at once.
  }
}

async function readOnce(options: ReadOptions, turns: Turns): Promise<void> {
  const { from, signal } = options;
  if (from.length === 0 || signal.aborted) return;
  const consumer = options.kafka.consumer({
    groupId: options.groupId,
    partitionAssigners: [fixedPartitions(from)],
    sessionTimeout: 120_000,
    rebalanceTimeout: 120_000,
    heartbeatInterval: 3_000,
    minBytes: 1,
    // A record is answered at once. What waits for the end of an idle fetch is a reader that stops, or takes a partition up again.
    maxWaitTimeInMs: 1_000,
    maxBytesPerPartition: options.bytesPerPartitionMax,
    // Room for every partition: the broker fills a fetch in a fixed order, and a backlog must not starve the last ones.
    maxBytes: options.bytesPerPartitionMax * from.length,
    allowAutoTopicCreation: false,
    // A consumer that failed is replaced by a new one in a new group, never restarted in the old.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3, restartOnFailure: () => Promise.resolve(false) },
  });
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined); // It may settle before anyone awaits it.
  const onAbort = (): void => ended.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  let crash: unknown;
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    crash ??= toKafkaFailure(payload.error, 'reading');
    ended.reject(crash);
  });
  try {
    await startReading(consumer, options, turns, (error) => {
      turns.end();
      ended.reject(error);
    });
    await ended.promise;
  } catch (error) {
    // A consumer that crashed while it started makes the next call fail: the crash is the reason.
    throw crash ?? toKafkaFailure(error, 'reading');
  } finally {
    signal.removeEventListener('abort', onAbort);
    await consumer.disconnect().catch(() => undefined); // It may be gone already; the group empties by itself.
    await turns.settled();
  }
}

async function startReading(consumer: Consumer, options: ReadOptions, turns: Turns, fail: (error: unknown) => void): Promise<void> {
  const hand = makeHand(options, (place) => consumer.pause([{ topic: place.topic, partitions: [place.partition] }]));
  // kafkajs passes over stretches without a record by itself, and says so here only.
  consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
    const { topic, partition, batchSize, firstOffset, lastOffset, highWatermark } = payload;
    if (batchSize > 0) return;
    const to = Number(lastOffset) + 1;
    const stretch = { topic, partition, first: Number(firstOffset ?? lastOffset), to, records: [], highWatermark: Number(highWatermark) };
    turns.take(stretch, () => hand(stretch)).catch(fail);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...new Set(options.from.map((start) => start.topic))], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: options.concurrency,
    eachBatch: async ({ batch, resolveOffset, isRunning, isStale, heartbeat }: EachBatchPayload) => {
      // After stop, seek or a failure kafkajs still hands out what it had fetched.
      if (turns.isOver() || !isRunning() || isStale()) return;
      try {
        const { topic, partition } = batch;
        const records = batch.messages.map((message) => toLogRecord(batch, message));
        const [first, last] = [records[0], records.at(-1)];
        if (first === undefined || last === undefined) return;
        // Markers behind the last record belong to the batch, and are resolved with it.
        const to = Number(batch.lastOffset()) + 1;
        const stretch = { topic, partition, first: first.offset, to, records, highWatermark: Number(batch.highWatermark) };
        await turns.take(stretch, () => hand(stretch));
        resolveOffset(String(last.offset));
        await heartbeat();
      } catch (error) {
        fail(error);
      }
    },
  });
  for (const { topic, partition, offset } of options.from) consumer.seek({ topic, partition, offset: String(offset) });
}

/** What was fetched of a partition: its first offset, and where the log goes on behind it. */
type Stretch = TopicPartition & { first: number; to: number; records: LogRecord[]; highWatermark: number };

/** Hands stretches on as batches that follow each other, and stops a partition whose next records are gone. */
function makeHand(options: ReadOptions, pause: (partition: TopicPartition) => void): (stretch: Stretch) => Promise<void> {
  const expected = new Map(options.from.map((start) => [keyOf(start), start.offset]));
  const lost = new Set<string>();
  return async ({ topic, partition, first, to, records, highWatermark }) => {
    const place = { topic, partition };
    const key = keyOf(place);
    const from = expected.get(key);
    if (lost.has(key)) return;
    if (from === undefined || first < from) {
      throw new Failure(
        'unavailable',
        `Offset ${from ?? 'none'} of ${key} was expected, but the reader was set back to ${first}: reading starts anew.`,
      );
    }
    const start = first > from ? await options.findLogStart(place) : from;
    if (start > from) {
      lost.add(key);
      pause(place);
      return options.onLost(
        place,
        `Offset ${from} of ${key} was expected, but Kafka's log begins at ${start}: the records in between are gone. Nothing is skipped; move the checkpoint by hand.`,
      );
    }
    await options.onBatch({ ...place, from, to, records, highWatermark });
    expected.set(key, to);
  };
}

/** Keeps what is done for one partition in order, and knows when nothing more is to be begun. */
type Turns = {
  take: (partition: TopicPartition, work: () => Promise<void>) => Promise<void>;
  isOver: () => boolean;
  /** Whether anything was begun. */
  begun: boolean;
  end: () => void;
  settled: () => Promise<unknown>;
};

function makeTurns(signal: AbortSignal): Turns {
  const lastOf = new Map<string, Promise<void>>();
  let ended = false;
  const isOver = (): boolean => ended || signal.aborted;
  const turns: Turns = {
    begun: false,
    isOver,
    end: () => {
      ended = true;
    },
    take(partition, work) {
      turns.begun = true;
      const turn = (lastOf.get(keyOf(partition)) ?? Promise.resolve()).then(() => (isOver() ? undefined : work()));
      const settled = turn.catch(() => undefined); // Whoever took the turn is told.
      lastOf.set(keyOf(partition), settled);
      return turn;
    },
    settled: () => Promise.all(lastOf.values()),
  };
  return turns;
}

/** An assigner for a group with one member, which gets exactly `partitions`, whatever the topics have. */
function fixedPartitions(partitions: readonly TopicPartition[]): PartitionAssigner {
  const assignment: Record<string, number[]> = {};
  for (const { topic, partition } of partitions) (assignment[topic] ??= []).push(partition);
  const name = 'PinflowFixedPartitions';
  return () => ({
    name,
    version: 0,
    assign: ({ members }) =>
      Promise.resolve(
        members.map(({ memberId }) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) }),
        })),
      ),
    protocol: ({ topics }) => ({
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
    }),
  });
}

/** A message of kafkajs in our words. */
export function toLogRecord(batch: Batch, message: Batch['messages'][number]): LogRecord {
  const headers: LogRecord['headers'] = [];
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      headers.push([name, Buffer.from(one ?? '')]);
    }
  }
  const offset = Number(message.offset);
  if (!Number.isSafeInteger(offset)) throw new RangeError(`offset ${message.offset} is beyond 2^53`);
  return {
    topic: batch.topic,
    partition: batch.partition,
    offset,
    appendTimeMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers,
  };
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
