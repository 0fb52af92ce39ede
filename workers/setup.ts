import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { ensureReader } from '#setup/ensure-reader.ts';
import { fillSource } from '#emulator/fill-source.ts';
import { createDatabase } from '#setup/create-database.ts';
import { ensureMetricTables } from '#setup/metric-tables.ts';
import { layOrigin } from '#setup/lay-origin.ts';
import { chooseBucket } from '#setup/choose-bucket.ts';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeS3 } from '#adapters/s3.ts';
import { connectTemporal } from '#adapters/temporal.ts';
import type { Names } from '#domain/names.ts';
import { makeNames, workflowTypes } from '#domain/names.ts';
import { migrate } from '#workers/migrate.ts';
import { runProcess } from '#workers/run-process.ts';
import { ensureBatchSchedule, ensureCleanupSchedule } from '#workers/schedule.ts';
import { untilReady } from '#workers/until-ready.ts';

/** The stream stands while a metric's table is filled; longer than this it should not. */
const fillMsMax = 3_600_000;

/**
 * Prepares an environment, once and again: migrations, tables of metrics, topics, bucket, the origin of the intervals, the schedules,
 * and the two readers. Every step finds what is there and leaves it, so it may die anywhere and run twice.
 */
export async function setUp(config: Config, log: Log): Promise<void> {
  const names = makeNames(config.prefix);
  const postgres = makePostgres({
    url: config.postgresUrl,
    applicationName: 'pinflow-setup',
    connectionsMax: 2,
    statementTimeoutMs: 60_000,
  });
  const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-setup'));
  try {
    const wanted = {
      topics: names.topics,
      partitions: config.topicPartitions,
      replicas: config.topicReplicas,
      minInsync: config.topicMinInsync,
    };
    // Side by side: the database and the topics do not know each other.
    await Promise.all([setUpLedgerAndBucket(config, names, postgres, log), untilReady('Kafka', log, () => topics.ensureTopics(wanted))]);
    // A broker that has just made a topic may refuse to be its leader for a moment.
    await untilReady('Kafka', log, () => layOrigin({ config, names, postgres, topics }));
  } finally {
    await Promise.all([topics.close(), postgres.close()]);
  }
  await setUpTemporal(config, names, log);
}

async function setUpLedgerAndBucket(config: Config, names: Names, postgres: Postgres, log: Log): Promise<void> {
  await untilReady('Postgres', log, () => createDatabase(config.postgresUrl));
  for (const name of await migrate(postgres)) log.info('migration applied', { name });
  await setUpMetricsAndReader(config, log);
  const s3 = makeS3(config, await chooseBucket(postgres, config, names));
  await untilReady('S3', log, () => s3.ensureBucket());
  s3.close();
}

/** With who may read them, on a connection of its own: filling a table reads every identity. */
async function setUpMetricsAndReader(config: Config, log: Log): Promise<void> {
  const patient = makePostgres({
    url: config.postgresUrl,
    applicationName: 'pinflow-setup-metrics',
    connectionsMax: 1,
    statementTimeoutMs: fillMsMax,
  });
  try {
    for (const what of await ensureMetricTables(patient)) log.info('metrics', { what });
    await ensureReader(patient, config.postgresReader, config.postgresReaderPassword);
  } finally {
    await patient.close();
  }
}

async function setUpTemporal(config: Config, names: Names, log: Log): Promise<void> {
  const client = await untilReady('Temporal', log, () => connectTemporal(config));
  try {
    await ensureBatchSchedule(client, config, names);
    await ensureCleanupSchedule(client, config, names);
    const readers = [
      {
        type: workflowTypes.landing,
        workflowId: names.workflowIds.landing,
        slots: config.landingSlots,
        queue: names.queues.landing,
        summary: 'lands every byte of the topics in S3',
      },
      {
        type: workflowTypes.stream,
        workflowId: names.workflowIds.stream,
        slots: config.streamSlots,
        queue: names.queues.stream,
        summary: 'applies the topics to Postgres, exactly once',
      },
    ];
    for (const { type, workflowId, slots, queue, summary } of readers) {
      await client.workflow
        .start(type, {
          workflowId,
          taskQueue: names.queues.control,
          args: [{ slots, segmentMs: config.segmentMs }, queue],
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: summary,
        })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        });
    }
  } finally {
    await client.connection.close();
  }
}

if (import.meta.main) {
  await runProcess('setup', async (config, log) => {
    await setUp(config, log);
    await untilReady('the source database', log, () => fillSource({ postgresUrl: config.sourceUrl }));
    log.info('setup done', { prefix: config.prefix });
  });
}
