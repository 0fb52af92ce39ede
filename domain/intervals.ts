import type { TopicPartition } from '#domain/terms.ts';

/**
 * Intervals tile the log: the start of one is the end of the one before, and its end is the next multiple of the
 * interval length after its start, so that the length may change between two of them. Times are Unix ms while they
 * are reckoned with, and RFC 3339 in UTC where they cross Temporal and name things.
 */
export type IntervalRef = { start: string; end: string };

/** First offset of each partition that belongs to what follows a boundary, in a fixed order of partitions. */
export type CutOffset = TopicPartition & { offset: number };

/**
 * How long a boundary must be past before its cut is looked up: the broker may still stamp records with an earlier time
 * while it answers, and clocks of two machines differ.
 */
export const cutMarginMs = 2_000;

/** The first boundary of an environment: the last multiple of the interval length. */
export function originBefore(nowMs: number, intervalMs: number): number {
  return Math.floor(nowMs / intervalMs) * intervalMs;
}

/** The boundary that follows `boundaryMs`. */
export function boundaryAfter(boundaryMs: number, intervalMs: number): number {
  return originBefore(boundaryMs, intervalMs) + intervalMs;
}

/** The boundaries after the last known one that are past by the margin, in order; at most `boundariesMax`. */
export function closedBoundaries(lastMs: number, nowMs: number, intervalMs: number, boundariesMax: number): number[] {
  const boundaries: number[] = [];
  for (
    let next = boundaryAfter(lastMs, intervalMs);
    next <= nowMs - cutMarginMs && boundaries.length < boundariesMax;
    next = boundaryAfter(next, intervalMs)
  )
    boundaries.push(next);
  return boundaries;
}

/**
 * Cuts never step back, whatever clocks do: each found offset, or the previous cut's where that is higher. A partition
 * that the look-up missed (a broker may not know it yet while partitions are added) stays where it was: left out, the
 * next interval would begin it at 0 again.
 */
export function raiseCut(found: readonly CutOffset[], previous: readonly CutOffset[]): CutOffset[] {
  const raised = new Map(previous.map((cut) => [partitionName(cut), cut]));
  for (const cut of found) {
    const before = raised.get(partitionName(cut));
    if (before === undefined || before.offset < cut.offset) raised.set(partitionName(cut), cut);
  }
  return [...raised.values()].toSorted(byPartition);
}

/**
 * Whether no record lies between two cuts, of which the later was raised by the earlier one: it knows all its partitions.
 * One that the earlier does not know began at offset 0.
 */
export function sameCut(one: readonly CutOffset[], later: readonly CutOffset[]): boolean {
  const before = new Map(one.map((cut) => [partitionName(cut), cut.offset]));
  return later.every((cut) => cut.offset === (before.get(partitionName(cut)) ?? 0));
}

/**
 * Finds the cut of every boundary with few look-ups: cuts are monotone, so between two boundaries with the same cut all
 * have it. Boundaries with the same cut come back as one entry.
 * @param lookUp the (raised) cut of one boundary.
 */
export async function findCuts(
  boundaries: readonly number[],
  previous: readonly CutOffset[],
  lookUp: (boundaryMs: number) => Promise<CutOffset[]>,
): Promise<{ boundaries: number[]; offsets: CutOffset[] }[]> {
  const cuts: CutOffset[][] = new Array<CutOffset[]>(boundaries.length);
  const fill = async (from: number, to: number, before: readonly CutOffset[]): Promise<void> => {
    // Boundaries [from, to) lie between `before` and the one at `to - 1`, which is looked up first.
    if (from >= to) return;
    const last = raiseCut(await lookUp(boundaries[to - 1]!), before);
    cuts[to - 1] = last;
    if (sameCut(before, last)) {
      cuts.fill(last, from, to);
      return;
    }
    const middle = from + Math.floor((to - 1 - from) / 2);
    await fill(from, middle, before);
    await fill(middle, to - 1, middle > from ? cuts[middle - 1]! : before);
    // A look-up in between may have found more than the last one did (clocks step back): still monotone.
    cuts[to - 1] = raiseCut(last, to - 1 > from ? cuts[to - 2]! : before);
  };
  await fill(0, boundaries.length, previous);
  const found: { boundaries: number[]; offsets: CutOffset[] }[] = [];
  for (const [i, offsets] of cuts.entries()) {
    const current = found.at(-1);
    if (current !== undefined && sameCut(current.offsets, offsets)) current.boundaries.push(boundaries[i]!);
    else found.push({ boundaries: [boundaries[i]!], offsets });
  }
  return found;
}

/** Whether a schedule with this interval and offset has a nominal time at `timeMs`: else a person triggered it. */
export function isOnGrid(timeMs: number, intervalMs: number, offsetMs: number): boolean {
  return (timeMs - offsetMs) % intervalMs === 0;
}

/** RFC 3339 in UTC, without a fraction where it is zero. */
export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

/** The same without separators, for object names: `20261120T120000Z`. */
export function compactTime(time: string): string {
  return timeText(Date.parse(time)).replaceAll(/[-:.]/g, '');
}

function byPartition(one: TopicPartition, other: TopicPartition): number {
  return one.topic === other.topic ? one.partition - other.partition : one.topic < other.topic ? -1 : 1;
}

function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
