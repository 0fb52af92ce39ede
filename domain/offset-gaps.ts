/**
 * Offsets of a partition that hold no record though nothing was lost: Kafka keeps markers of transactions there, or kept
 * records that were aborted or compacted away. Half-open, in order, apart from each other.
 */
export type OffsetGap = { from: number; to: number };

const shownMax = 3;

/** The gaps of `[from, to)`, given the records in it in offset order. @throws RangeError where records stand out of it or out of order. */
export function findGaps(from: number, to: number, records: readonly { offset: number }[]): OffsetGap[] {
  const gaps: OffsetGap[] = [];
  let next = from;
  for (const { offset } of records) {
    if (offset < next || offset >= to)
      throw new RangeError(`offset ${offset} is not in [${next}, ${to}): records must stand in offset order`);
    if (offset > next) gaps.push({ from: next, to: offset });
    next = offset + 1;
  }
  if (next < to) gaps.push({ from: next, to });
  return gaps;
}

export function countOffsets(gaps: readonly OffsetGap[]): number {
  return gaps.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** As Postgres writes an int8multirange. */
export function multirangeText(gaps: readonly OffsetGap[]): string {
  return `{${gaps.map(({ from, to }) => rangeText({ from, to })).join(',')}}`;
}

/** As Postgres writes an int8range. */
export function rangeText({ from, to }: OffsetGap): string {
  return `[${from},${to})`;
}

/** For a person: `12, 20 to 25 and 3 more`. */
export function nameGaps(gaps: readonly OffsetGap[]): string {
  const shown = gaps.slice(0, shownMax).map(({ from, to }) => (to - from === 1 ? String(from) : `${from} to ${to - 1}`));
  return gaps.length > shownMax ? `${shown.join(', ')} and ${gaps.length - shownMax} more` : shown.join(', ');
}
