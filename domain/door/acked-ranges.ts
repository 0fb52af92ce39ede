/** A stretch of offsets that was acked, inclusive. */
export type AckedRange = { topic: string; partition: number; first: number; last: number };

/**
 * Joins ranges that go on where one before them ended, or overlap it; the order of first appearance stays. A joined range
 * begins where the first of its ranges did, and has that one's other properties.
 * @param ranges best those of one place in the order of their first offsets: one that comes too late stays apart.
 * @param placeOf ranges of different places are never joined.
 */
export function mergeRanges<Range extends AckedRange>(
  ranges: readonly Range[],
  placeOf: (range: Range) => string = ({ topic, partition }) => `${topic}/${partition}`,
): Range[] {
  const merged: Range[] = [];
  const open = new Map<string, Range>();
  for (const range of ranges) {
    const place = placeOf(range);
    const before = open.get(place);
    // One that begins earlier is out of order: joined, its own beginning would be lost.
    if (before !== undefined && range.first >= before.first && range.first <= before.last + 1)
      before.last = Math.max(before.last, range.last);
    else {
      const copy = { ...range };
      open.set(place, copy);
      merged.push(copy);
    }
  }
  return merged;
}
