import type { Status } from '#questions/status.ts';
import { getStatus } from '#questions/status.ts';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';

const statementTimeoutMs = 3_000;

/** Opens what a look at the status needs, looks, and closes it again. */
export async function lookAtStatus(config: Config): Promise<Status> {
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-cli', connectionsMax: 4, statementTimeoutMs });
  const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-cli'));
  try {
    return await getStatus({ config, names: makeNames(config.prefix), postgres, topics });
  } finally {
    await Promise.allSettled([topics.close(), postgres.close()]);
  }
}
