import type { Kafka } from 'kafkajs';
import kafkajs from 'kafkajs';
import { chooseBucket } from '#setup/choose-bucket.ts';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3 } from '#adapters/s3.ts';
import type { Names } from '#domain/names.ts';
import { makeNames } from '#domain/names.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { databaseAfterSetup } from '#test/support/database-after-setup.ts';
import { testConfig } from '#test/support/servers.ts';

/** An environment of a test's own on the shared servers: fresh prefix, database, topics and bucket. */
export type Environment = {
  config: Config;
  names: Names;
  postgres: Postgres;
  kafka: Kafka;
  topics: KafkaTopics;
  s3: S3;
  /** Appends values to a topic in order; returns nothing, offsets follow from the order. */
  produce(topic: string, partition: number, values: readonly (Buffer | string)[]): Promise<void>;
  close(): Promise<void>;
};

export const quietLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export async function openEnvironment(overrides: Partial<Config> = {}): Promise<Environment> {
  const config = await testConfig(overrides, databaseAfterSetup);
  const names = makeNames(config.prefix);
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  const kafka = makeKafkaClient(config, 'pinflow-test');
  const topics = makeKafkaTopics(kafka);
  await topics.ensureTopics({ topics: names.topics, partitions: config.topicPartitions, replicas: 1 });
  const s3 = makeS3(config, await chooseBucket(postgres, config, names));
  await s3.ensureBucket();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  let connected: Promise<void> | undefined;
  return {
    config,
    names,
    postgres,
    kafka,
    topics,
    s3,
    async produce(topic, partition, values) {
      await (connected ??= producer.connect());
      await producer.send({ topic, acks: -1, messages: values.map((value) => ({ partition, value })) });
    },
    async close() {
      await producer.disconnect();
      await topics.close();
      s3.close();
      await postgres.close();
    },
  };
}

/** A pin as the dialect of /pin/ posts it, with the given identity; further fields override. */
export function pinJson(uniqueId: string, over: Record<string, unknown> = {}): string {
  return JSON.stringify(pin({ index: 7, unique_id: uniqueId, ...over }));
}
