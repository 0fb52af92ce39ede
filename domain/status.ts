import type { LakeStatus } from '#domain/lake-status.ts';
import { lakeProblems } from '#domain/lake-status.ts';

/**
 * The state of the pipeline at one moment, as `pinflow status --json` and `/api/status` show it. A part that cannot be
 * reached is `{ error }`; the rest still stands.
 */
export type Unreachable = { error: string };
export type PipelineStatus<Endpoints> = {
  at: string;
  endpoints: Endpoints;
  servers: Record<ServerName, 'up' | Unreachable>;
  orchestration: OrchestrationStatus | Unreachable;
  stream: ReaderStatus | Unreachable;
  landing: ReaderStatus | Unreachable;
  /** The last intervals, newest first. */
  intervals: IntervalStatus[] | Unreachable;
  /** Intervals that gave up, in the whole ledger. */
  heldIntervals: number | null;
  /** Those that failed and are tried again by themselves: how many, and the oldest. */
  backingOff: { count: number; oldest: BackingOff | null } | null;
  generation: GenerationStatus | Unreachable | null;
  lake: LakeStatus | Unreachable;
  /** What pin-cleanup removed, by target; empty before its first run. */
  cleanup: CleanupStatus[] | Unreachable;
  /** Sentences for a person; empty when all is well. Lag alone is no problem. */
  problems: string[];
};

/** What Temporal runs for us: times that pass while the schedule is paused are not caught up by it, only by the ledger. */
export type OrchestrationStatus = {
  schedule: 'active' | 'paused' | 'missing';
  /** RUNNING, or how Temporal says that they ended; MISSING where they were never started. */
  readers: Record<'stream' | 'landing', string>;
  /** What the readers do, as their workflows say; null where they say nothing. */
  modes: Record<'stream' | 'landing', string | null>;
};

export const serverNames = ['api', 'kafka', 's3', 'postgres', 'temporal'] as const;
export type ServerName = (typeof serverNames)[number];

/** A reader (landing or stream) over all partitions: lag in records is the sum, in seconds the longest. */
export type ReaderStatus = {
  partitions: PartitionStatus[];
  lagRecords: number;
  lagSeconds: number;
  /** Since a checkpoint of the reader moved last; null before the first. */
  idleSeconds: number | null;
};

export type PartitionStatus = {
  topic: string;
  partition: number;
  /** First offset that is not in the sink yet. */
  nextOffset: number;
  highWatermark: number;
  lagRecords: number;
  /** Age of the record at `nextOffset` by its append time; 0 when the reader is at the end. */
  lagSeconds: number;
  /** Offsets below `nextOffset` that held no record, because Kafka made them so (transactions, compaction). */
  gapOffsets: number;
  /** Who reads it now, or did last; empty when nobody ever took it. */
  owner: string;
  /** Why it stands still. */
  problem: string | null;
};

export type IntervalStatus = {
  start: string;
  end: string;
  state: string;
  records: number | null;
  clean: number | null;
  rejects: number | null;
  duplicates: number | null;
  generation: number | null;
  problem: string | null;
  /** Of an interval that backs off or waits: when it is tried again. */
  nextTry: string | null;
};

export type BackingOff = Pick<IntervalStatus, 'start' | 'problem' | 'nextTry'>;

export type GenerationStatus = { id: number; publishedAt: string };

export type CleanupStatus = {
  target: string;
  /** When the last run had looked through it. */
  at: string;
  /** Rows or objects that the last run removed, and all runs. */
  removed: number;
  removedTotal: number;
  /** Why the last run failed. */
  problem: string | null;
};

export function isUnreachable(part: object | string | null): part is Unreachable {
  return typeof part === 'object' && part !== null && 'error' in part;
}

/** Lag of a checkpoint in records; a checkpoint before the log's start lacks only what is still there. */
export function lagRecordsOf({ nextOffset, low, high }: { nextOffset: number; low: number; high: number }): number {
  return Math.max(0, high - Math.max(nextOffset, low));
}

export function totalLagOf(partitions: PartitionStatus[], idleSeconds: number | null = null): ReaderStatus {
  return {
    partitions,
    idleSeconds,
    lagRecords: partitions.reduce((sum, { lagRecords }) => sum + lagRecords, 0),
    lagSeconds: partitions.reduce((most, { lagSeconds }) => Math.max(most, lagSeconds), 0),
  };
}

const ladderStep = 1.1;
const ladderFirstSeconds = 0.5;
const ladderLastSeconds = 90 * 86_400;

/**
 * Ages at which the log is asked "which offset was first at that time?", each a tenth more than the one before. An age
 * found on this ladder is at most a tenth too high.
 */
export const ageLadder: readonly number[] = Array.from(
  { length: Math.ceil(Math.log(ladderLastSeconds / ladderFirstSeconds) / Math.log(ladderStep)) + 1 },
  (_, i) => ladderFirstSeconds * ladderStep ** i,
);

/** Index of the first item that `isTrue` holds for, if it holds for all after it too; the length when for none. */
export async function findFirst(length: number, isTrue: (index: number) => Promise<boolean>): Promise<number> {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (await isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What a person should know: what is down, what stands still, what gave up. */
export function problemsOf(status: Omit<PipelineStatus<unknown>, 'problems'>): string[] {
  const servers = serverNames.flatMap((name) => {
    const state = status.servers[name];
    return state === 'up' ? [] : [`${name}: ${state.error}`];
  });
  // A reader's checkpoint needs both; that they are down is said already.
  const canTell = status.servers.kafka === 'up' && status.servers.postgres === 'up';
  const readers = canTell ? (['stream', 'landing'] as const).flatMap((reader) => readerProblems(reader, status[reader])) : [];
  const intervals = isUnreachable(status.intervals) ? [] : status.intervals.flatMap((interval) => intervalProblem(interval));
  const shownHeld = isUnreachable(status.intervals) ? 0 : status.intervals.filter(({ state }) => state === 'held').length;
  const olderHeld = (status.heldIntervals ?? 0) - shownHeld;
  const orchestration = isUnreachable(status.orchestration) ? [] : orchestrationProblems(status.orchestration);
  const lake = isUnreachable(status.lake) ? [] : lakeProblems(status.lake);
  const cleanup = isUnreachable(status.cleanup)
    ? []
    : status.cleanup.flatMap(({ target, problem }) => (problem === null ? [] : [`clean-up of ${target} failed: ${problem}`]));
  return [
    ...servers,
    ...orchestration,
    ...readers,
    ...lake,
    ...intervals,
    ...(olderHeld > 0
      ? [`${olderHeld} older intervals are held: npx pinflow batch list --state held says why, npx pinflow batch retry --held lets them go`]
      : []),
    ...backingOffProblem(status),
    ...cleanup,
  ];
}

/** Those that back off before the intervals that are shown. */
function backingOffProblem({ intervals, backingOff }: Pick<PipelineStatus<unknown>, 'intervals' | 'backingOff'>): string[] {
  const shown = isUnreachable(intervals) ? 0 : intervals.filter(({ state }) => state === 'backing_off').length;
  const older = (backingOff?.count ?? 0) - shown;
  if (older <= 0 || backingOff?.oldest == null) return [];
  const { start, problem, nextTry } = backingOff.oldest;
  return [`${older} older intervals back off, the oldest is ${start}${againAt(nextTry)}${problem === null ? '' : `: ${problem}`}`];
}

/** Landing flushes after a minute at the latest; a reader that is silent for twice that stands still. */
const silenceSecondsMax = 120;

function readerProblems(reader: string, part: ReaderStatus | Unreachable): string[] {
  if (isUnreachable(part)) return [`${reader}: ${part.error}`];
  const stuck = part.partitions.flatMap(({ topic, partition, problem }) =>
    problem === null ? [] : [`${reader}: ${topic}/${partition} stands still: ${problem}`],
  );
  const { lagSeconds, idleSeconds } = part;
  if (stuck.length === 0 && idleSeconds !== null && Math.min(lagSeconds, idleSeconds) > silenceSecondsMax) {
    stuck.push(
      `${reader}: nothing was committed for ${Math.round(idleSeconds)} s although ${part.lagRecords} records wait; is a worker running?`,
    );
  }
  const untaken = part.partitions.filter(({ owner, problem }) => owner === '' && problem === null).length;
  return untaken === 0
    ? stuck
    : [...stuck, `${reader}: nobody has taken ${untaken} of ${part.partitions.length} partitions yet; is a worker running?`];
}

function orchestrationProblems({ schedule, readers }: OrchestrationStatus): string[] {
  const scheduled = {
    active: [],
    paused: ['the batch schedule is paused: intervals are cut and run only when it is triggered (tctl schedule toggle --unpause)'],
    missing: ['the batch schedule is missing: node workers/setup.ts creates it'],
  }[schedule];
  const ended = (['stream', 'landing'] as const).flatMap((reader) =>
    readers[reader] === 'RUNNING' ? [] : [`${reader}: its workflow is not running (${readers[reader]}): node workers/setup.ts starts it`],
  );
  return [...scheduled, ...ended];
}

const troubled = new Set(['held', 'backing_off', 'waiting']);

function intervalProblem({ start, state, problem, nextTry }: IntervalStatus): string[] {
  if (!troubled.has(state) && problem === null) return [];
  const wayOut = state === 'held' ? ` (npx pinflow batch retry ${start} lets it go)` : '';
  return [`interval ${start} is ${state}${againAt(nextTry)}${problem === null ? '' : `: ${problem}`}${wayOut}`];
}

function againAt(nextTry: string | null): string {
  return nextTry === null ? '' : ` and tried again at ${nextTry}`;
}
