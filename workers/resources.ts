import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Config } from '#adapters/config.ts';
import type { Log } from '#adapters/log.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3 } from '#adapters/s3.ts';
import { readBucket } from '#setup/choose-bucket.ts';
import { assertMetricTables } from '#setup/metric-tables.ts';
import type { Names } from '#domain/names.ts';
import { makeNames } from '#domain/names.ts';
import { assertMigrated } from '#workers/migrate.ts';

/** The connections of a worker process; one of each. */
export type Resources = {
  names: Names;
  postgres: Postgres;
  s3: S3;
  kafka: ReturnType<typeof makeKafkaClient>;
  topics: KafkaTopics;
  close(): Promise<void>;
};

/** Less than a statement's bound: a batch that waits for a table which the set-up fills is not slow, and halving it would help nobody. */
const lockTimeoutMs = 8_000;

/**
 * Opens the connections and checks that setup is done.
 * @throws Failure `not_ready` or `unavailable` while things come up; `configuration` when they never will.
 */
export async function openResources(config: Config, log: Log): Promise<Resources> {
  const names = makeNames(config.prefix);
  const postgres = makePostgres({
    url: config.postgresUrl,
    applicationName: 'pinflow-worker',
    connectionsMax: config.streamSlots * 3 + 8,
    lockTimeoutMs,
  });
  try {
    await assertMigrated(postgres);
    await assertMetricTables(postgres);
    const s3 = makeS3(config, await readBucket(postgres, config));
    const kafka = makeKafkaClient(config, 'pinflow-worker');
    const topics = makeKafkaTopics(kafka);
    return {
      names,
      postgres,
      s3,
      kafka,
      topics,
      async close() {
        const results = await Promise.allSettled([topics.close(), postgres.close()]);
        s3.close();
        for (const result of results)
          if (result.status === 'rejected') log.warn('closing a connection failed', { reason: String(result.reason) });
      },
    };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}
