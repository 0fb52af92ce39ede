import type { Batch, Consumer, Kafka, PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaErrorOf, toKafkaFailure } from '#adapters/kafka/client.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

/** A contiguous run of records of one partition, with the partition's end as the broker saw it. */
export type RecordBatch = TopicPartition & { records: LogRecord[]; highWatermark: number };

export type ReadOptions = {
  kafka: Kafka;
  /** Must begin anew for each call: rejoining a dead member's group would cost its session timeout. */
  groupId: string;
  from: readonly (TopicPartition & { offset: number })[];
  /** Called with at most one batch a partition at a time; the next comes after it resolved. */
  onBatch: (batch: RecordBatch) => Promise<void>;
  /** A partition that Kafka continued behind the expected offset: it is read no further, the others are. */
  onGap: (partition: TopicPartition, problem: string) => Promise<void>;
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
 * Every batch is guarded: its first offset must be the one expected, so that a silent jump of the client (a seek out of
 * range, a rejoin) ends the read instead of losing or repeating records.
 * @throws Failure `unavailable` when the consumer dies or was set back, or what `onBatch` threw.
 */
export async function readPartitions(options: ReadOptions): Promise<void> {
  const until = performance.now() + startMsMax;
  for (let tries = 1; ; tries++) {
    // Nothing was handed out as long as nothing was begun, so another consumer may begin at the same offsets.
    const progress = { begun: false };
    try {
      return await readOnce({ ...options, groupId: tries === 1 ? options.groupId : `${options.groupId}-${tries}` }, progress);
    } catch (error) {
      if (progress.begun || !notReadyYet.has(kafkaErrorOf(error) ?? '') || performance.now() > until) throw error;
      options.onNotReady?.((error as Error).message);
    }
    await delay(startPauseMs, undefined, { signal: options.signal }).catch(() => undefined); // Then the next try ends at once.
  }
}

type Progress = { begun: boolean };

async function readOnce(options: ReadOptions, progress: Progress): Promise<void> {
  const { from, signal } = options;
  if (from.length === 0 || signal.aborted) return;
  const consumer = options.kafka.consumer({
    groupId: options.groupId,
    partitionAssigners: [fixedPartitions(from)],
    sessionTimeout: 120_000,
    rebalanceTimeout: 120_000,
    heartbeatInterval: 3_000,
    minBytes: 1,
    maxWaitTimeInMs: 500,
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
    await startReading(consumer, options, progress, ended.reject);
    await ended.promise;
  } catch (error) {
    // A consumer that crashed while it started makes the next call fail: the crash is the reason.
    throw crash ?? toKafkaFailure(error, 'reading');
  } finally {
    signal.removeEventListener('abort', onAbort);
    await consumer.disconnect().catch(() => undefined); // It may be gone already; the group empties by itself.
  }
}

async function startReading(consumer: Consumer, options: ReadOptions, progress: Progress, fail: (error: unknown) => void): Promise<void> {
  const expected = new Map(options.from.map((start) => [keyOf(start), start.offset]));
  let failed = false;
  await consumer.connect();
  await consumer.subscribe({ topics: [...new Set(options.from.map((start) => start.topic))], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: options.concurrency,
    eachBatch: async ({ batch, resolveOffset, isRunning, isStale, heartbeat, pause }) => {
      // After stop, seek or a failure kafkajs still hands out what it had fetched.
      if (failed || options.signal.aborted || !isRunning() || isStale()) return;
      progress.begun = true;
      try {
        const records = batch.messages.map((message) => toLogRecord(batch, message));
        const first = records[0];
        if (first === undefined) return;
        const gap = gapBefore(first, expected.get(keyOf(first)));
        if (gap !== undefined) {
          pause();
          return await options.onGap({ topic: batch.topic, partition: batch.partition }, gap);
        }
        await options.onBatch({ topic: batch.topic, partition: batch.partition, records, highWatermark: Number(batch.highWatermark) });
        const last = records[records.length - 1] as LogRecord;
        expected.set(keyOf(first), last.offset + 1);
        resolveOffset(String(last.offset));
        await heartbeat();
      } catch (error) {
        failed = true;
        fail(error);
      }
    },
  });
  for (const { topic, partition, offset } of options.from) consumer.seek({ topic, partition, offset: String(offset) });
}

/** What is wrong where Kafka went on behind the expected offset. @throws Failure `unavailable` where it went back. */
function gapBefore(first: LogRecord, expected: number | undefined): string | undefined {
  if (first.offset === expected) return undefined;
  const where = `${first.topic}/${first.partition}`;
  if (expected !== undefined && first.offset > expected) {
    return `Offset ${expected} of ${where} was expected, but Kafka went on at ${first.offset}: the records in between are gone. Nothing is skipped; move the position by hand.`;
  }
  throw new Failure(
    'unavailable',
    `Offset ${expected ?? 'none'} of ${where} was expected, but the reader was set back to ${first.offset}: reading starts anew.`,
  );
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
