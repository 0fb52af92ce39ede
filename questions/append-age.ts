import type { KafkaTopics, PartitionOffset } from '#adapters/kafka/topics.ts';
import { ageLadder, findFirst } from '#domain/status.ts';

/**
 * How long ago records were appended, asked of the broker's own time index, so that it holds for records of any
 * producer and without reading one. Each answer is an upper bound, at most a tenth too high.
 * @param offsets at most one a partition, each of a record that is in the log.
 * @returns age in seconds by partition.
 */
export async function measureAppendAges(
  topics: Pick<KafkaTopics, 'fetchOffsetsAtTime'>,
  topic: string,
  offsets: readonly PartitionOffset[],
  nowMs: number,
): Promise<Map<number, number>> {
  // One request answers for all partitions of a topic, and neighbours ask for the same rungs.
  const asked = new Map<number, Promise<Map<number, number>>>();
  const offsetsAt = (rung: number): Promise<Map<number, number>> => {
    let answer = asked.get(rung);
    if (answer === undefined) {
      const timeMs = Math.floor(nowMs - ageLadder[rung]! * 1_000);
      answer = topics.fetchOffsetsAtTime(topic, timeMs).then((rows) => new Map(rows.map((row) => [row.partition, row.offset])));
      asked.set(rung, answer);
    }
    return answer;
  };

  const ages = new Map<number, number>();
  for (const { partition, offset } of offsets) {
    // If the first record since some time stands at or before ours, ours is no older than that time.
    const rung = await findFirst(ageLadder.length, async (index) => ((await offsetsAt(index)).get(partition) ?? 0) <= offset);
    ages.set(partition, ageLadder[Math.min(rung, ageLadder.length - 1)]!);
  }
  return ages;
}
