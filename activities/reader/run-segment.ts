import { randomUUID } from 'node:crypto';
import type { OwnedPartition, Sink } from '#activities/reader/sink.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { ReaderName } from '#activities/reader/positions.ts';
import { recordProblem, takePartition } from '#activities/reader/positions.ts';
import type { ReadOptions } from '#adapters/kafka/reader.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { Failure, failureKindOf } from '#domain/failures.ts';
import type { Names } from '#domain/names.ts';
import type { TopicPartition } from '#domain/terms.ts';

/** A slot reads partition i of every topic where i mod slots = slot. Offsets are strings: this crosses Temporal. */
export type SegmentInput = { slot: number; slots: number; segment: number; segmentMs: number };
export type SegmentPartition = TopicPartition & { from: string; to: string; rows: number; lag: number; problem: string | null };
export type SegmentResult = { ended: 'time' | 'asked' | 'nothing_left'; partitions: SegmentPartition[]; rows: number };

export type SegmentDependencies = {
  reader: ReaderName;
  names: Names;
  postgres: Postgres;
  topics: KafkaTopics;
  /** Reads the log; bound to a client. */
  read: (options: Omit<ReadOptions, 'kafka'>) => Promise<void>;
  makeSink: () => Sink;
  log: Log;
  concurrency: number;
  bytesPerPartitionMax: number;
};

/** How long records may lie in the log without a batch reaching us before the reader is replaced (kafkajs #1072, #1163). */
const stallMs = 10_000;

/**
 * One segment of one slot: takes the slot's partitions, reads them into the sink until the time is up or `signal`
 * aborts, and ends at a commit. Safe to run again at any moment: what is not committed is read again, and an older
 * attempt that is still alive is fenced off.
 * @throws Failure of a kind that can be retried; problems of one partition are recorded and leave the others running.
 */
export async function runSegment(
  dependencies: SegmentDependencies,
  input: SegmentInput,
  signal: AbortSignal,
  beat: (partitions: SegmentPartition[]) => void,
): Promise<SegmentResult> {
  const state = await takeSlot(dependencies, input);
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(), input.segmentMs);
  const stop = AbortSignal.any([signal, clock.signal]);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const ticker = startTicker(dependencies, state, beat, failed.reject);
  try {
    await Promise.race([readSlot(dependencies, input, state, stop), failed.promise]);
  } finally {
    clearTimeout(timer);
    await ticker.stop();
  }
  await finishAll(dependencies, state);
  const partitions = report(state);
  beat(partitions);
  const ended = signal.aborted ? 'asked' : clock.signal.aborted ? 'time' : 'nothing_left';
  return { ended, partitions, rows: partitions.reduce((sum, { rows }) => sum + rows, 0) };
}

type Held = OwnedPartition & {
  start: number;
  read: number;
  highWatermark: number;
  behindSince: number | undefined;
  handling: boolean;
  problem: string | null;
  queue: Promise<void>;
};
type Slot = { sink: Sink; held: Map<string, Held>; checkedAt: number };

async function takeSlot({ reader, names, postgres, topics, makeSink, log }: SegmentDependencies, input: SegmentInput): Promise<Slot> {
  const sink = makeSink();
  const held = new Map<string, Held>();
  const owner = `${input.slot}/${input.slots} ${process.pid} ${randomUUID().slice(0, 8)}`;
  for (const topic of names.topics) {
    for (const { partition, low, high } of await topics.fetchOffsets(topic)) {
      if (partition % input.slots !== input.slot) continue;
      const owned = await takePartition(postgres, reader, { topic, partition }, owner, low);
      const start = await sink.begin(owned);
      const one: Held = {
        ...owned,
        start,
        read: start,
        highWatermark: high,
        behindSince: undefined,
        handling: false,
        problem: null,
        queue: Promise.resolve(),
      };
      held.set(partitionKey(owned), one);
      if (start < low || start > high) {
        await stopPartition(
          { reader, postgres, log },
          one,
          `Offset ${start} of ${topic}/${partition} is not in Kafka any more, which has ${low} to ${high}: nothing is skipped. Restore the records or move the position by hand.`,
        );
      }
    }
  }
  return { sink, held, checkedAt: Date.now() };
}

async function readSlot(dependencies: SegmentDependencies, input: SegmentInput, state: Slot, signal: AbortSignal): Promise<void> {
  const nothingLeft = new AbortController();
  const running = [...state.held.values()].filter(({ problem }) => problem === null);
  await dependencies.read({
    groupId: dependencies.names.attemptGroup(dependencies.reader, input.slot, randomUUID().slice(0, 8)),
    from: running.map(({ topic, partition, start }) => ({ topic, partition, offset: start })),
    signal: AbortSignal.any([signal, nothingLeft.signal]),
    concurrency: dependencies.concurrency,
    bytesPerPartitionMax: dependencies.bytesPerPartitionMax,
    onBatch: async ({ topic, partition, records, highWatermark }) => {
      const one = state.held.get(partitionKey({ topic, partition }));
      if (one === undefined || one.problem !== null) return;
      one.handling = true;
      await enqueue(one, () => state.sink.accept(one, records)).catch((error: unknown) => dropOrThrow(dependencies, one, error));
      one.handling = false;
      one.behindSince = undefined;
      one.read += records.length;
      one.highWatermark = highWatermark;
      if ([...state.held.values()].every(({ problem }) => problem !== null)) nothingLeft.abort();
    },
  });
}

/** Runs the sink's work of a partition one piece after the other; a failed piece does not poison the next. */
function enqueue(one: Held, work: () => Promise<void>): Promise<void> {
  const next = one.queue.then(work);
  one.queue = next.catch(() => undefined);
  return next;
}

async function dropOrThrow(
  dependencies: Pick<SegmentDependencies, 'reader' | 'postgres' | 'log'>,
  one: Held,
  error: unknown,
): Promise<void> {
  const kind = failureKindOf(error);
  if (kind !== 'fenced' && kind !== 'offset_lost' && kind !== 'check_failed') throw error;
  await stopPartition(dependencies, one, (error as Failure).message, kind === 'fenced');
}

async function stopPartition(
  { reader, postgres, log }: Pick<SegmentDependencies, 'reader' | 'postgres' | 'log'>,
  one: Held,
  problem: string,
  fenced = false,
): Promise<void> {
  one.problem = problem;
  log.warn('partition stopped', { reader, topic: one.topic, partition: one.partition, epoch: one.epoch, fenced, problem });
  if (!fenced) await recordProblem(postgres, reader, one, problem);
}

function startTicker(
  dependencies: SegmentDependencies,
  state: Slot,
  beat: (partitions: SegmentPartition[]) => void,
  fail: (error: unknown) => void,
): { stop: () => Promise<void> } {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const tick = async (): Promise<void> => {
    for (const one of state.held.values()) {
      if (stopped || one.problem !== null) continue;
      await enqueue(one, () => state.sink.tick(one)).catch((error: unknown) => dropOrThrow(dependencies, one, error));
    }
    await assertMoving(dependencies, state);
  };
  let busy = false;
  const timer = setInterval(() => {
    beat(report(state));
    if (busy) return;
    busy = true;
    running = tick()
      .catch(fail)
      .finally(() => {
        busy = false;
      });
  }, 1_000);
  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

/** Fails the segment when the log has records for us and none arrived for a while: a stuck client is replaced. */
async function assertMoving({ topics, names }: SegmentDependencies, state: Slot): Promise<void> {
  const now = Date.now();
  if (now - state.checkedAt < stallMs / 2) return;
  state.checkedAt = now;
  for (const topic of names.topics) {
    for (const { partition, high } of await topics.fetchOffsets(topic)) {
      const one = state.held.get(partitionKey({ topic, partition }));
      if (one === undefined || one.problem !== null || one.handling) continue;
      one.highWatermark = high;
      if (high <= one.read) one.behindSince = undefined;
      else one.behindSince ??= now;
      if (one.behindSince !== undefined && now - one.behindSince > stallMs) {
        throw new Failure(
          'unavailable',
          `No record of ${topic}/${partition} arrived for ${stallMs / 1000} s although Kafka has offsets ${one.read} to ${high}: the reader is replaced.`,
        );
      }
    }
  }
}

async function finishAll(dependencies: SegmentDependencies, state: Slot): Promise<void> {
  for (const one of state.held.values()) {
    if (one.problem === null)
      await enqueue(one, () => state.sink.finish(one)).catch((error: unknown) => dropOrThrow(dependencies, one, error));
  }
}

function report(state: Slot): SegmentPartition[] {
  return [...state.held.values()].map((one) => {
    const { from, to, rows } = state.sink.progress(one);
    return {
      topic: one.topic,
      partition: one.partition,
      from: String(from),
      to: String(to),
      rows,
      lag: Math.max(0, one.highWatermark - to),
      problem: one.problem,
    };
  });
}
