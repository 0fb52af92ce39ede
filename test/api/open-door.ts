import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import type { Kafka } from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import { makeDisposableClient, makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeNewestRecords } from '#adapters/kafka/newest-record.ts';
import type { Publisher } from '#adapters/kafka/producer.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makeLog } from '#adapters/log.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { migrate } from '#workers/migrate.ts';
import { chooseAccess } from '#api/access/choose-access.ts';
import { makeClients } from '#api/access/clients.ts';
import { registerKeyTelemetry } from '#api/access/key-telemetry.ts';
import { createApp } from '#api/app.ts';
import { connectionBounds } from '#api/connection-settings.ts';
import { makeConsumers } from '#api/consumers/consumers.ts';
import { makeEventHeaders } from '#api/door/event-headers.ts';
import { makeExchanges } from '#api/door/exchange.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { makeIdempotency } from '#api/door/idempotency.ts';
import { makeDoorTelemetry } from '#api/door/telemetry.ts';
import { makeUnreadAnswers } from '#api/door/unread-answers.ts';
import { listen } from '#api/listen.ts';
import { registerBatchTelemetry } from '#api/batch/telemetry.ts';
import { makeReadiness } from '#api/status/readiness.ts';
import type { RefusalAccount } from '#api/refused/account.ts';
import { makeRefusalAccount } from '#api/refused/account.ts';
import type { Tails } from '#api/tail/route.ts';
import { makeTails } from '#api/tail/route.ts';
import type { AckedRange } from '#domain/door/acked-ranges.ts';
import { kindsOfNames } from '#domain/door/topic-name.ts';
import type { Names } from '#domain/names.ts';
import { makeNames } from '#domain/names.ts';
import { abandonInBucket } from '#interventions/abandon-in-bucket.ts';
import { askForLook } from '#interventions/ask-for-look.ts';
import { makePageDependencies } from '#api/page/dependencies.ts';
import { makeLives } from '#api/live/lives.ts';
import type { StoppableProxy } from '#test/adapters/kafka/stoppable-proxy.ts';
import { testConfig } from '#test/support/servers.ts';

/** A door of a test's own in this process: real broker, fresh topics, any free port. */
export type OpenDoor = {
  url: string;
  config: Config;
  names: Names;
  /** Straight to the broker, whatever the door's own client goes through. */
  kafka: Kafka;
  topics: KafkaTopics;
  publisher: Publisher;
  budget: BodyBudget;
  app: Express;
  acked: AckedRange[];
  refusals: RefusalAccount;
  tails: Tails;
  post(path: string, body: string | Buffer, contentType?: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
};

export async function openDoor(
  overrides: Partial<Config> = {},
  /** What the door's connections to Kafka go through. */
  proxy?: StoppableProxy,
  consumerIdleMs?: number,
): Promise<OpenDoor> {
  const config = await testConfig(overrides);
  const names = makeNames(config.prefix);
  const log = makeLog('test-door', 'error');
  const kafka = makeKafkaClient(config, 'pinflow-test');
  const topics = makeKafkaTopics(kafka);
  await topics.ensureTopics({ topics: names.topics, partitions: config.topicPartitions, replicas: 1 });
  const doorsKafka = proxy?.makeKafka(config) ?? kafka;
  const doorsTopics = makeKafkaTopics(doorsKafka);
  const acked: AckedRange[] = [];
  const telemetry = makeDoorTelemetry();
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 4 });
  const publisher = makePublisher({
    makeClient: () => proxy?.makeClient(config) ?? makeDisposableClient(config, 'pinflow-test'),
    topicNames: names.topics,
    log,
    eventsMax: config.ingestMaxEvents,
    bytesMax: config.ingestMaxBytes,
    stallMs: config.ingestStallMs,
    deadlineMs: config.ingestDeadlineMs,
    onAck: (topic, partition, first, last) => void acked.push({ topic, partition, first, last }),
    onProduce: telemetry.observeProduce,
  });
  telemetry.watch(publisher);
  const clients = makeClients(config);
  const { access, ring } = chooseAccess({ config, clients, statements: postgres, log });
  if (ring !== undefined) registerKeyTelemetry(telemetry.registry, ring);
  registerBatchTelemetry(telemetry.registry, postgres);
  const idempotency = makeIdempotency({
    statements: postgres,
    log,
    count: telemetry.countIdempotent,
    keepMs: 86_400_000,
    answerBytesMax: 1_048_576,
  });
  const kindByName = kindsOfNames(config.ingestNameKinds);
  const refusals = makeRefusalAccount({ statements: postgres, log, clients, count: telemetry.countRefused });
  const newest = makeNewestRecords({ kafka, topics, makeGroup: () => names.attemptGroup('newest', 0, randomUUID()) });
  const budget = { bytesUsed: 0, bytesMax: config.ingestMaxBodyBytes };
  const unread = makeUnreadAnswers({ budget, timeoutMs: config.apiWriteTimeoutMs, log });
  const exchanges = makeExchanges(randomUUID(), [refusals.hear], unread);
  const makeGroup = (): string => names.attemptGroup('tail', 0, randomUUID());
  const tails = makeTails({
    kafka,
    topics,
    names,
    statements: postgres,
    exchanges,
    log,
    makeGroup,
    heartbeatMs: 50,
    stuckMsMax: config.apiWriteTimeoutMs,
  });
  const consumers =
    config.apiProcesses === 1
      ? makeConsumers({
          kafka: doorsKafka,
          topics: doorsTopics,
          names,
          kindByName,
          log,
          ...(consumerIdleMs === undefined ? {} : { idleMs: consumerIdleMs }),
        })
      : undefined;
  const readiness = makeReadiness({
    topics: doorsTopics,
    topicNames: names.topics,
    publisher,
    stallMs: config.ingestStallMs,
    isOpen: () => ring?.isLoaded() ?? true,
    isDraining: () => false,
  });
  const page = makePageDependencies({ config, names, postgres, topics, readiness });
  const lives = makeLives({ exchanges, log, stuckMsMax: config.apiWriteTimeoutMs });
  const app = createApp({
    publisher,
    names,
    telemetry,
    log,
    makeHeaders: makeEventHeaders(randomUUID()),
    readiness,
    config,
    ...page,
    lives,
    abandonPublish: (wish, by) => abandonInBucket(config, postgres, wish, by),
    askForLook: () => askForLook(config, names),
    newest,
    consumers,
    clients,
    apiUrl: config.apiUrl,
    exchanges,
    tails,
    postgres,
    access,
    keys: { postgres, ring },
    idempotency,
    budget,
    kindByName,
    limits: { eventBytesMax: config.ingestMaxEventBytes, requestBytesMax: config.ingestMaxRequestBytes },
  });
  const listening = await listen(app, '127.0.0.1', 0, connectionBounds(config, clients));
  await publisher.start();
  const { url } = listening;
  return {
    url,
    config,
    names,
    kafka,
    topics,
    publisher,
    budget,
    app,
    acked,
    refusals,
    tails,
    post: (path, body, contentType = 'application/json', headers = {}) =>
      fetch(url + path, { method: 'POST', body, headers: { 'Content-Type': contentType, ...headers } }),
    async close() {
      tails.close();
      lives.close();
      page.sqlDesk.close();
      await listening.drain(0);
      await ring?.close();
      await refusals.close();
      await consumers?.close();
      await publisher.close(1_000);
      await idempotency.close();
      await doorsTopics.close();
      await topics.close();
      await postgres.close();
    },
  };
}

/** A door over a database after migration, and a way into that. */
export async function openDoorOnTables(overrides: Partial<Config> = {}): Promise<OpenDoor & { postgres: Postgres }> {
  const door = await openDoor(overrides);
  const postgres = makePostgres({ url: door.config.postgresUrl, applicationName: 'pinflow-test', connectionsMax: 2 });
  await migrate(postgres);
  return {
    ...door,
    postgres,
    async close() {
      await door.close();
      await postgres.close();
    },
  };
}
