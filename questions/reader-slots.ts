import type { Config } from '#adapters/config.ts';
import type { ReaderSlots, SlotLag, StreamSlots } from '#domain/answers/stream.ts';
import type { OrchestrationStatus, PartitionStatus, ReaderStatus, Unreachable } from '#domain/status.ts';
import { isUnreachable } from '#domain/status.ts';
import type { Status } from '#questions/status.ts';

export type SlotDependencies = {
  config: Pick<Config, 'streamSlots' | 'landingSlots'>;
  lookAtStatus: () => Promise<Pick<Status, 'stream' | 'landing' | 'orchestration'>>;
};

type Seen = { atMs: number; byPartition: ReadonlyMap<string, number> };

/** Makes the look at the readers' slots; rates are from one look to the next. */
export function makeSlotsLook({ config, lookAtStatus }: SlotDependencies): () => Promise<StreamSlots> {
  const before: Partial<Record<'stream' | 'landing', Seen>> = {};
  return async () => {
    const status = await lookAtStatus();
    const atMs = Date.now();
    const readers = (['stream', 'landing'] as const).map((reader): ReaderSlots => {
      const part = status[reader];
      const last = before[reader];
      if (!isUnreachable(part)) before[reader] = { atMs, byPartition: new Map(part.partitions.map((one) => [keyOf(one), one.nextOffset])) };
      return readerOf(reader, part, status.orchestration, slotsOf(config, reader), last, atMs);
    });
    return { at: new Date(atMs).toISOString(), readers };
  };
}

function slotsOf(config: SlotDependencies['config'], reader: 'stream' | 'landing'): number {
  return reader === 'stream' ? config.streamSlots : config.landingSlots;
}

function readerOf(
  reader: 'stream' | 'landing',
  part: ReaderStatus | Unreachable,
  orchestration: OrchestrationStatus | Unreachable,
  slots: number,
  last: Seen | undefined,
  atMs: number,
): ReaderSlots {
  const known = isUnreachable(orchestration) ? undefined : orchestration;
  const bySlot = isUnreachable(part)
    ? new Map<number, PartitionStatus[]>()
    : Map.groupBy(part.partitions, ({ partition }) => partition % slots);
  return {
    reader,
    run: known?.readers[reader] ?? 'UNKNOWN',
    mode: known?.modes[reader] ?? null,
    slots: [...bySlot].toSorted(([a], [b]) => a - b).map(([slot, partitions]) => slotOf(slot, partitions, last, atMs)),
    problem: isUnreachable(part) ? part.error : isUnreachable(orchestration) ? orchestration.error : null,
  };
}

function slotOf(slot: number, partitions: readonly PartitionStatus[], last: Seen | undefined, atMs: number): SlotLag {
  const read = partitions.reduce((sum, one) => sum + one.nextOffset - (last?.byPartition.get(keyOf(one)) ?? one.nextOffset), 0);
  return {
    slot,
    partitions: partitions.length,
    owner: partitions.find(({ owner }) => owner !== '')?.owner ?? '',
    lagRecords: partitions.reduce((sum, { lagRecords }) => sum + lagRecords, 0),
    lagSeconds: partitions.reduce((most, { lagSeconds }) => Math.max(most, lagSeconds), 0),
    recordsPerSecond: last === undefined || atMs <= last.atMs ? null : Math.max(0, read / ((atMs - last.atMs) / 1_000)),
    problems: partitions.flatMap(({ topic, partition, problem }) => (problem === null ? [] : [`${topic}/${partition}: ${problem}`])),
  };
}

function keyOf({ topic, partition }: PartitionStatus): string {
  return `${topic}/${partition}`;
}
