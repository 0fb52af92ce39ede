import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { OffsetRange } from '#domain/terms.ts';

/** A landed range as the ledger knows it; both offsets inclusive. One that holds no record has no object. */
export type LandedRange = { first: number; last: number; objectKey: string | null; objectBytes: number };

/** The part of a raw object that belongs to an interval: lines with offset in [from, to). */
export type RawSlice = OffsetRange & { objectKey: string; objectBytes: number };

/** What one cleaning activity takes: slices by kind. */
export type Part = { index: number; bytes: number; slices: { kind: Kind; slices: RawSlice[] }[] };

/**
 * Records of an interval per partition, by offset arithmetic of its two cuts and of what landing saw between them: `gaps`
 * counts the offsets that hold no record.
 */
export type PartitionRecords = { kind: Kind; topic: string; partition: number; records: number; gaps?: number };

export type BatchPlan = { parts: Part[]; expected: PartitionRecords[] };

/**
 * Slices of the landed ranges that cover an offset range.
 * @param landed ranges of the partition that overlap it, in order.
 * @throws Failure `check_failed` where they leave a gap or overlap.
 */
export function coverRange({ topic, partition, from, to }: OffsetRange, landed: readonly LandedRange[]): RawSlice[] {
  const slices: RawSlice[] = [];
  let next = from;
  for (const { first, last, objectKey, objectBytes } of landed) {
    if (next >= to || last < next) continue;
    if (first > next) throw gap(topic, partition, next, Math.min(first, to) - 1);
    if (slices.length > 0 && first < next)
      throw new Failure(
        'check_failed',
        `Raw objects of ${topic}/${partition} overlap: ${objectKey} begins below offset ${next}. Look at pinflow.landing_range.`,
      );
    const end = Math.min(last + 1, to);
    if (objectKey !== null) slices.push({ topic, partition, from: next, to: end, objectKey, objectBytes });
    next = end;
  }
  if (next < to) throw gap(topic, partition, next, to - 1);
  return slices;
}

/** Fans slices out by the bytes of their objects. An object is never shared by two kinds, so order by kind is kept. */
export function planParts(slices: readonly { kind: Kind; slice: RawSlice }[], partBytesMax: number): Part[] {
  const parts: Part[] = [];
  for (const { kind, slice } of slices) {
    let part = parts.at(-1);
    if (part === undefined || (part.bytes > 0 && part.bytes + slice.objectBytes > partBytesMax)) {
      part = { index: parts.length, bytes: 0, slices: [] };
      parts.push(part);
    }
    part.bytes += slice.objectBytes;
    const group = part.slices.at(-1);
    if (group?.kind === kind) group.slices.push(slice);
    else part.slices.push({ kind, slices: [slice] });
  }
  return parts;
}

function gap(topic: string, partition: number, first: number, last: number): Failure {
  return new Failure(
    'check_failed',
    `Raw objects of ${topic}/${partition} lack offsets ${first} to ${last}: the interval is not published. Look at pinflow.landing_range and at the landing reader.`,
  );
}
