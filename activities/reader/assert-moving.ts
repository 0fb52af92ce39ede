import type { SegmentDependencies } from '#activities/reader/segment.ts';
import { partitionKey } from '#activities/reader/sink.ts';
import type { Slot } from '#activities/reader/slot.ts';
import { Failure } from '#domain/failures.ts';

const lookEveryMs = 5_000;
/** How long records may lie in the log while the whole slot gets nothing before its consumer is replaced (kafkajs #1072, #1163). */
const slotStallMs = 10_000;
/** The same for one partition while others move: a large backlog of theirs may come first. */
const partitionStallMs = 60_000;
/** An owner that Temporal still believes in, but a late attempt fenced, takes the partition back after this long. */
const fencedMs = 3_000;

/**
 * Fails the segment, so that a new attempt takes over, when it stands still without a reason: a stuck client, or
 * partitions lost to an attempt that is older in Temporal's eyes (that one is being cancelled; this one goes on living).
 * Looks at the log's end now and then, which also keeps the lag true while nothing arrives.
 */
export async function assertMoving({ topics, names }: SegmentDependencies, slot: Slot, cancelled: boolean): Promise<void> {
  const now = Date.now();
  for (const one of slot.held.values()) {
    if (!cancelled && one.fencedAt !== undefined && now - one.fencedAt > fencedMs) {
      throw new Failure(
        'conflict',
        `${one.topic}/${one.partition} was taken by another attempt, yet this one was not ended: the slot is taken anew.`,
      );
    }
  }
  if (now - slot.checkedAt < lookEveryMs) return;
  slot.checkedAt = now;
  for (const topic of names.topics) {
    for (const { partition, high } of await topics.fetchOffsets(topic)) {
      const one = slot.held.get(partitionKey({ topic, partition }));
      if (one === undefined || one.problem !== null || one.handling) continue;
      one.highWatermark = high;
      if (high <= one.read) one.behindSince = undefined;
      else one.behindSince ??= now;
      if (one.behindSince === undefined) continue;
      const handling = [...slot.held.values()].some((other) => other.handling);
      const slotStalled = !handling && now - Math.max(one.behindSince, slot.activeAt) > slotStallMs;
      if (slotStalled || now - one.behindSince > partitionStallMs) {
        throw new Failure(
          'unavailable',
          `No record of ${topic}/${partition} arrived for ${Math.round((now - one.behindSince) / 1000)} s although Kafka has offsets ${one.read} to ${high}: the reader is replaced.`,
        );
      }
    }
  }
}
