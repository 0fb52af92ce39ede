import type { ITopicMetadata } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '#domain/failures.ts';

const leaderWaitMs = 15_000;
const leaderPollMs = 50;

/** Waits until every partition of the topics has a leader. @throws Failure `not_ready` where that takes too long. */
export async function waitForLeaders(describe: () => Promise<ITopicMetadata[]>, topics: readonly string[]): Promise<ITopicMetadata[]> {
  const until = performance.now() + leaderWaitMs;
  for (;;) {
    const metadata = await describe();
    if (metadata.length === topics.length && metadata.every(hasLeaders)) return metadata;
    if (performance.now() > until)
      throw new Failure(
        'not_ready',
        `Topics ${topics.join(', ')} have no leader for every partition after ${leaderWaitMs / 1_000} s: look at the brokers' logs.`,
      );
    await delay(leaderPollMs);
  }
}

export function hasLeaders({ partitions }: ITopicMetadata): boolean {
  return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
}
