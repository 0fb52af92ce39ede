import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { assertMoving } from '#activities/reader/assert-moving.ts';
import { releasePartitions } from '#activities/reader/checkpoints.ts';
import type { SegmentDependencies, SegmentInput, SegmentPartition, SegmentResult } from '#activities/reader/segment.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { Slot } from '#activities/reader/slot.ts';
import {
  describeSlot,
  dropOrThrow,
  enqueue,
  mustLookAgain,
  noteGaps,
  stopPartition,
  takeSlot,
  wantedRecords,
} from '#activities/reader/slot.ts';
import type { RecordBatch } from '#adapters/kafka/reader.ts';

const tickMs = 1_000;
const releaseMs = 1_000;

/**
 * One segment of one slot: takes the slot's partitions, reads them into the sink until the time is up or `signal`
 * aborts, and ends at a commit. Safe to run again at any moment: what is not committed is read again, and an older
 * attempt that is still alive is fenced off. When it settles, nothing of it runs any more.
 * @throws whatever concerns the whole slot; problems of one partition are recorded and leave the others running.
 */
export async function runSegment(
  dependencies: SegmentDependencies,
  input: SegmentInput,
  signal: AbortSignal,
  beat: (partitions: SegmentPartition[]) => void,
): Promise<SegmentResult> {
  const slot: Slot = {
    sink: dependencies.makeSink(),
    held: new Map(),
    activeAt: Date.now(),
    checkedAt: Date.now(),
  };
  // From taking to the last flush: each may wait on a slow server longer than a beat may be missing.
  const beating = setInterval(() => beat(describeSlot(slot)), tickMs);
  try {
    await takeSlot(dependencies, input, slot, signal);
    const timeUp = await readUntilEnd(dependencies, input, slot, signal);
    await finishAll(dependencies, slot);
    const partitions = describeSlot(slot);
    return {
      ended: signal.aborted ? 'asked' : timeUp ? 'time' : 'nothing_left',
      partitions,
      rows: partitions.reduce((sum, { rows }) => sum + rows, 0),
    };
  } finally {
    await letGo(dependencies, slot);
    clearInterval(beating);
  }
}

/** Says that this attempt ended by itself. Where Postgres is away it cannot; a process that lives on knows by itself. */
async function letGo({ postgres, reader, log }: SegmentDependencies, slot: Slot): Promise<void> {
  const told = releasePartitions(postgres, reader, [...slot.held.values()]).catch((error: unknown) => {
    log.debug('partitions are let go without a word', { reader, error });
  });
  await Promise.race([told, delay(releaseMs)]);
}

/** Reads until the time is up or the slot is to be taken anew (true), `signal` aborts, or no partition is left to read. */
async function readUntilEnd(dependencies: SegmentDependencies, input: SegmentInput, slot: Slot, signal: AbortSignal): Promise<boolean> {
  const halt = new AbortController();
  let timeUp = false;
  const endTime = (): void => {
    timeUp = true;
    halt.abort();
  };
  const timer = setTimeout(endTime, input.segmentMs);
  const ticker = startTicker(dependencies, slot, async () => {
    await assertMoving(dependencies, slot, signal.aborted);
    if (mustLookAgain(dependencies, slot)) endTime();
  });
  const reading = readSlot(dependencies, input, slot, AbortSignal.any([signal, halt.signal]));
  try {
    await Promise.race([reading, ticker.failed]);
  } finally {
    clearTimeout(timer);
    halt.abort();
    await ticker.stop();
    // A consumer that outlived its segment would go on fetching. Its failure, if any, is known by now.
    await reading.catch(() => undefined);
  }
  return timeUp;
}

async function readSlot(dependencies: SegmentDependencies, input: SegmentInput, slot: Slot, signal: AbortSignal): Promise<void> {
  const nothingLeft = new AbortController();
  const stopIfNothingIsLeft = (): void => {
    if ([...slot.held.values()].every(({ problem }) => problem !== null)) nothingLeft.abort();
  };
  const running = [...slot.held.values()].filter(({ problem }) => problem === null);
  await dependencies.read({
    groupId: dependencies.names.attemptGroup(dependencies.reader, input.slot, randomUUID().slice(0, 8)),
    from: running.map(({ topic, partition, readFrom }) => ({ topic, partition, offset: readFrom })),
    signal: AbortSignal.any([signal, nothingLeft.signal]),
    concurrency: dependencies.concurrency,
    bytesPerPartitionMax: dependencies.bytesPerPartitionMax,
    onNotReady: (reason) => {
      // Records that wait meanwhile are no sign of a stuck client.
      slot.activeAt = Date.now();
      dependencies.log.debug('Kafka is not ready for readers yet', { reader: dependencies.reader, slot: input.slot, reason });
    },
    findLogStart: (partition) => dependencies.topics.fetchLogStart(partition),
    onLost: async (partition, problem) => {
      const one = slot.held.get(partitionKey(partition));
      if (one !== undefined) await stopPartition(dependencies, one, problem);
      stopIfNothingIsLeft();
    },
    onBatch: async (batch) => {
      await takeIn(dependencies, slot, batch);
      stopIfNothingIsLeft();
    },
  });
}

async function takeIn(dependencies: SegmentDependencies, slot: Slot, batch: RecordBatch): Promise<void> {
  const one = slot.held.get(partitionKey(batch));
  if (one === undefined || one.problem !== null) return;
  one.handling = true;
  slot.activeAt = Date.now();
  try {
    noteGaps(dependencies, one, batch);
    const wanted = await wantedRecords(dependencies, one, batch);
    if (one.problem === null && batch.to > one.wantedFrom)
      await enqueue(one, () => slot.sink.accept(one, wanted, batch.to)).catch((error: unknown) => dropOrThrow(dependencies, one, error));
  } finally {
    one.handling = false;
    one.behindSince = undefined;
    slot.activeAt = Date.now();
  }
  one.read = batch.to;
  one.highWatermark = batch.highWatermark;
}

/** Gives the sink its time between batches, and then `watch`. `failed` rejects when either fails. */
function startTicker(
  dependencies: SegmentDependencies,
  slot: Slot,
  watch: () => Promise<void>,
): { failed: Promise<never>; stop: () => Promise<void> } {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // It may settle before anyone awaits it.
  let stopped = false;
  let running: Promise<void> | undefined;
  const tick = async (): Promise<void> => {
    for (const one of slot.held.values()) {
      if (stopped || one.problem !== null) continue;
      await enqueue(one, () => slot.sink.tick(one)).catch((error: unknown) => dropOrThrow(dependencies, one, error));
    }
    await watch();
  };
  const timer = setInterval(() => {
    running ??= tick()
      .catch(failed.reject)
      .finally(() => {
        running = undefined;
      });
  }, tickMs);
  return {
    failed: failed.promise,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

async function finishAll(dependencies: SegmentDependencies, slot: Slot): Promise<void> {
  for (const one of slot.held.values()) {
    if (one.problem === null)
      await enqueue(one, () => slot.sink.finish(one)).catch((error: unknown) => dropOrThrow(dependencies, one, error));
  }
}
