import { onLedger } from '#questions/list-intervals.ts';
import { readBucket } from '#setup/choose-bucket.ts';
import type { Abandoned } from '#interventions/abandon.ts';
import { abandonPending, assertSomethingPending } from '#interventions/abandon.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makeS3WhenNeeded } from '#adapters/s3-when-needed.ts';
import type { AbandonWish } from '#domain/lake/abandon-wish.ts';

/** Lets the pending publish go, for those who have nothing else to do with the lake: opens it, and closes it again. */
export async function abandonInBucket(config: Config, postgres: Postgres, wish: AbandonWish, by: string): Promise<Abandoned> {
  await onLedger(() => assertSomethingPending(postgres));
  const s3 = makeS3WhenNeeded(config, await readBucket(postgres, config));
  try {
    return await abandonPending({ postgres, s3, log: makeDeltaLog(s3, makeLakeCache(s3, config.home)) }, wish, by);
  } finally {
    s3.close();
  }
}
