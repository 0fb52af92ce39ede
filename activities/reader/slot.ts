import { randomUUID } from 'node:crypto';
import { asFailure, faultProblem } from '#activities/reader/fault.ts';
import type { OwnedPartition, Sink } from '#activities/reader/sink.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { SegmentDependencies, SegmentInput, SegmentPartition } from '#activities/reader/segment.ts';
import { recordProblem, takePartition } from '#activities/reader/checkpoints.ts';
import type { RecordBatch } from '#adapters/kafka/reader.ts';
import type { PartitionOffsets } from '#adapters/kafka/topics.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';
import { countOffsets, findGaps, nameGaps } from '#domain/offset-gaps.ts';
import type { LogRecord } from '#domain/terms.ts';

/** A partition in the hands of one attempt. */
export type Held = OwnedPartition & {
  /** First offset that the sink wants. */
  wantedFrom: number;
  /** Where reading begins: the last record before the wanted ones where that one shows whether the log is still the same. */
  readFrom: number;
  /** Whether the record before the checkpoint is still to be compared. */
  unchecked: boolean;
  /** First offset that no batch brought yet. */
  read: number;
  highWatermark: number;
  behindSince: number | undefined;
  handling: boolean;
  problem: string | null;
  /** When it was stopped for that problem, and when another owner took it. */
  stoppedAt: number | undefined;
  fencedAt: number | undefined;
  /** Offsets in this segment that hold no record. */
  gaps: number;
  queue: Promise<void>;
};

export type Slot = {
  sink: Sink;
  held: Map<string, Held>;
  /** When the slot last got or handled a batch, and when it last looked at the log's end. */
  activeAt: number;
  checkedAt: number;
};

type Reporting = Pick<SegmentDependencies, 'reader' | 'postgres' | 'log'>;

/**
 * Takes the slot's partitions one after the other into `slot`; stops early when `signal` aborts. What the log holds is
 * looked at when they are taken: until then their old owner may commit beyond what was its end a moment ago.
 */
export async function takeSlot(dependencies: SegmentDependencies, input: SegmentInput, slot: Slot, signal: AbortSignal): Promise<void> {
  const owner = `${input.slot}/${input.slots} ${process.pid} ${randomUUID().slice(0, 8)}`;
  for (const topic of dependencies.names.topics) {
    const taken: Held[] = [];
    for (const { partition, low } of await dependencies.topics.fetchOffsets(topic)) {
      if (partition % input.slots !== input.slot) continue;
      if (signal.aborted) return;
      const owned = await takePartition(dependencies.postgres, dependencies.reader, { topic, partition }, owner, low);
      const one = held(owned, await slot.sink.begin(owned));
      slot.held.set(partitionKey(owned), one);
      taken.push(one);
    }
    if (taken.length === 0) continue;
    const log = new Map((await dependencies.topics.fetchOffsets(topic)).map((offsets) => [offsets.partition, offsets]));
    for (const one of taken) {
      const offsets = log.get(one.partition);
      if (offsets === undefined) throw new Failure('unavailable', `Kafka no longer names partition ${one.partition} of ${topic}.`);
      await placeInLog(dependencies, one, offsets);
    }
  }
}

function held(owned: OwnedPartition, start: number): Held {
  return {
    ...owned,
    wantedFrom: start,
    readFrom: start,
    unchecked: false,
    read: start,
    highWatermark: start,
    behindSince: undefined,
    handling: false,
    problem: null,
    stoppedAt: undefined,
    fencedAt: undefined,
    gaps: 0,
    queue: Promise.resolve(),
  };
}

/** Decides where reading of a taken partition begins, or that it cannot because the log does not hold that place. */
async function placeInLog(reporting: Reporting, one: Held, { low, high }: PartitionOffsets): Promise<void> {
  const { wantedFrom: start, last } = one;
  one.highWatermark = high;
  if (start < low || start > high) {
    return stopPartition(
      reporting,
      one,
      `Offset ${start} of ${one.topic}/${one.partition} is not in Kafka, which has ${low} to ${high}: nothing is skipped. Restore the records or move the checkpoint by hand.`,
    );
  }
  // A fixed range that is not landed yet begins before the checkpoint; its own bounds guard it.
  if (start !== one.nextOffset || last === null || last.offset < low || last.offset >= start) return;
  one.unchecked = true;
  one.readFrom = last.offset;
  one.read = last.offset;
}

/** Whether the slot is to be taken anew before its time: a person may have set right a partition that stands still. */
export function mustLookAgain({ lookAgainMs }: Pick<SegmentDependencies, 'lookAgainMs'>, slot: Slot): boolean {
  const isDue = ({ stoppedAt, fencedAt }: Held): boolean =>
    stoppedAt !== undefined && fencedAt === undefined && Date.now() - stoppedAt >= lookAgainMs;
  return [...slot.held.values()].some(isDue);
}

/**
 * The records of a batch that are wanted. The first batch brings the last record before them too: with another append
 * time it belongs to another log (truncated and written on, or a topic made anew), and the partition stops.
 */
export async function wantedRecords(
  dependencies: Reporting & Pick<SegmentDependencies, 'topics'>,
  one: Held,
  batch: RecordBatch,
): Promise<LogRecord[]> {
  if (one.unchecked) {
    one.unchecked = false;
    const { last } = one;
    const before = batch.records[0];
    const isSame =
      before?.offset === last?.offset
        ? before?.appendTimeMs === last?.appendTimeMs
        : // Only compaction takes a record out of the middle of a log.
          await dependencies.topics.isCompacted(one.topic);
    if (!isSame) {
      await stopPartition(
        dependencies,
        one,
        `Offset ${last?.offset} of ${one.topic}/${one.partition} is another record than the one that was read there: Kafka's log was truncated or made anew. Nothing is skipped; move the checkpoint by hand.`,
      );
      return [];
    }
  }
  return batch.from >= one.wantedFrom ? batch.records : batch.records.filter(({ offset }) => offset >= one.wantedFrom);
}

/** Counts and names the offsets of a batch that hold no record, the first time in a segment and at its end. */
export function noteGaps({ reader, log }: Pick<Reporting, 'reader' | 'log'>, one: Held, batch: RecordBatch): void {
  const gaps = findGaps(batch.from, batch.to, batch.records);
  if (gaps.length === 0) return;
  const isFirst = one.gaps === 0;
  one.gaps += countOffsets(gaps);
  const where = { reader, topic: one.topic, partition: one.partition };
  log[isFirst ? 'info' : 'debug']('offsets without a record', { ...where, offsets: nameGaps(gaps), count: countOffsets(gaps) });
}

/** Runs the sink's work of a partition one piece after the other; a failed piece does not poison the next. */
export function enqueue(one: Held, work: () => Promise<void>): Promise<void> {
  const next = one.queue.then(work);
  one.queue = next.catch(() => undefined);
  return next;
}

/** Failures that concern the partition whose records were handled, while the others go on. */
const ofOnePartition: ReadonlySet<FailureKind> = new Set(['fenced', 'offset_lost', 'check_failed', 'fault', 'invalid_data']);

/** A refusal of data that comes this far was laid to no record: what refuses is at fault. */
function isFault(kind: FailureKind): boolean {
  return kind === 'fault' || kind === 'invalid_data';
}

/** Lets a partition go where its failure concerns it alone; every other failure is the whole segment's. */
export async function dropOrThrow(reporting: Reporting, one: Held, error: unknown): Promise<void> {
  const failure = asFailure(error);
  if (!ofOnePartition.has(failure.kind)) throw failure;
  if (failure.kind === 'fenced') one.fencedAt = Date.now();
  await stopPartition(reporting, one, isFault(failure.kind) ? faultProblem(failure) : failure.message);
}

/** Reads a partition no further in this segment, and says why. */
export async function stopPartition({ reader, postgres, log }: Reporting, one: Held, problem: string): Promise<void> {
  one.problem = problem;
  one.stoppedAt = Date.now();
  const fenced = one.fencedAt !== undefined;
  log.warn('partition stopped', { reader, topic: one.topic, partition: one.partition, epoch: one.epoch, fenced, problem });
  if (!fenced) await recordProblem(postgres, reader, one, problem);
}

export function describeSlot({ sink, held }: Slot): SegmentPartition[] {
  return [...held.values()].map((one) => {
    const { from, to, rows } = sink.progress(one);
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
