import type { Config } from '#adapters/config.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { CutOffset } from '#domain/intervals.ts';
import { originBefore } from '#domain/intervals.ts';
import type { Names } from '#domain/names.ts';
import { insertCuts, lockCuts, readLastCut } from '#activities/ledger/cut-rows.ts';

type Dependencies = { config: Config; names: Names; postgres: Postgres; topics: KafkaTopics };

/**
 * Lays the first boundary of an environment, once: the last multiple of the interval length, with the start of each
 * partition's log as its cut, so that the first interval holds whatever was there before.
 */
export async function layOrigin({ config, names, postgres, topics }: Dependencies): Promise<void> {
  if ((await readLastCut(postgres)) !== undefined) return;
  const offsets: CutOffset[] = [];
  for (const topic of names.topics)
    for (const { partition, low } of await topics.fetchOffsets(topic)) offsets.push({ topic, partition, offset: low });
  const atMs = originBefore(Date.now(), config.batchIntervalMs);
  await postgres.transaction(async (statements) => {
    await lockCuts(statements);
    if ((await readLastCut(statements)) === undefined) await insertCuts(statements, [{ atMs, offsets }]);
  });
}
