import { randomUUID } from 'node:crypto';
import { abandonInBucket } from '#interventions/abandon-in-bucket.ts';
import { askForLook } from '#interventions/ask-for-look.ts';
import type { Config } from '#adapters/config.ts';
import { loadConfig } from '#adapters/config.ts';
import { makeDisposableClient, makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeNewestRecords } from '#adapters/kafka/newest-record.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import { makeLog } from '#adapters/log.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeClients } from '#api/access/clients.ts';
import { connectionBounds, registerConnectionTelemetry } from '#api/connection-settings.ts';
import { chooseAccess } from '#api/access/choose-access.ts';
import { registerKeyTelemetry } from '#api/access/key-telemetry.ts';
import { makeAckLedger } from '#api/door/ack-ledger.ts';
import { createApp } from '#api/app.ts';
import { makeConsumers } from '#api/consumers/consumers.ts';
import { isPrimaryOf, joinCluster, runPrimary } from '#api/cluster.ts';
import { prepareTopics } from '#api/prepare-topics.ts';
import { makeEventHeaders } from '#api/door/event-headers.ts';
import { makeExchanges } from '#api/door/exchange.ts';
import { makeIdempotencyQuota } from '#api/door/idempotency-quota.ts';
import { makeIdempotency } from '#api/door/idempotency.ts';
import { makePageDependencies } from '#api/page/dependencies.ts';
import { makeLives } from '#api/live/lives.ts';
import { listen } from '#api/listen.ts';
import { makeUnreadAnswers } from '#api/door/unread-answers.ts';
import { makeDoorTelemetry } from '#api/door/telemetry.ts';
import { makeAccessLog } from '#api/operations/access-log.ts';
import { registerBatchTelemetry } from '#api/batch/telemetry.ts';
import { makeReadiness } from '#api/status/readiness.ts';
import { makeRefusalAccount } from '#api/refused/account.ts';
import { makeTails } from '#api/tail/route.ts';
import { Failure } from '#domain/failures.ts';
import { kindsOfNames } from '#domain/door/topic-name.ts';
import { makeNames } from '#domain/names.ts';
import { shutDown } from '#api/shut-down.ts';

/** Statements of keyed requests: shorter than their client is made to wait. */
const keyedStatementMsMax = 1_500;
/** Statements about keys, on a connection of their own: what was revoked must not wait for others. */
const keysStatementMsMax = 2_000;

/** The process of the API: listens, says when events can be taken, and leaves without losing one that was acked. */
async function main(config: Config, log: Log): Promise<void> {
  const names = makeNames(config.prefix);
  const instance = randomUUID();
  const kafka = makeKafkaClient(config, 'pinflow-api');
  const topics = makeKafkaTopics(kafka);
  const telemetry = makeDoorTelemetry();
  const membership = joinCluster(telemetry.registry);
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-api', connectionsMax: 4 });
  const keyedPostgres = makePostgres({
    url: config.postgresUrl,
    applicationName: 'pinflow-api-keyed',
    connectionsMax: 4,
    statementTimeoutMs: keyedStatementMsMax,
  });
  const keysPostgres = makePostgres({
    url: config.postgresUrl,
    applicationName: 'pinflow-api-keys',
    connectionsMax: 1,
    statementTimeoutMs: keysStatementMsMax,
  });
  const clients = makeClients(config);
  const { access, ring } = chooseAccess({ config, clients, statements: keysPostgres, log });
  if (ring !== undefined) registerKeyTelemetry(telemetry.registry, ring);
  const ledger = makeAckLedger({ statements: postgres, instance, log });
  const publisher = makePublisher({
    makeClient: () => makeDisposableClient(config, 'pinflow-api'),
    topicNames: names.topics,
    eventsMax: config.ingestMaxEvents,
    bytesMax: config.ingestMaxBytes,
    stallMs: config.ingestStallMs,
    deadlineMs: config.ingestDeadlineMs,
    log,
    onAck(topic, partition, first, last) {
      ledger.note(topic, partition, first, last);
      telemetry.countAcked(topic, last - first + 1);
    },
    onProduce: telemetry.observeProduce,
  });
  telemetry.watch(publisher);
  registerBatchTelemetry(telemetry.registry, postgres);
  const kindByName = kindsOfNames(config.ingestNameKinds);
  const refusals = makeRefusalAccount({ statements: postgres, log, clients, count: telemetry.countRefused });
  const accessLog = makeAccessLog({ sample: config.apiAccessLogSample, level: config.logLevel, output: process.stdout, clients });

  const budget = { bytesUsed: 0, bytesMax: config.ingestMaxBodyBytes };
  const unread = makeUnreadAnswers({ budget, timeoutMs: config.apiWriteTimeoutMs, log });
  const exchanges = makeExchanges(instance, [refusals.hear, accessLog.hear], unread);
  const makeGroup = (reader: string): string => names.attemptGroup(reader, 0, randomUUID());
  const tails = makeTails({
    kafka,
    topics,
    names,
    statements: postgres,
    exchanges,
    log,
    makeGroup: () => makeGroup('tail'),
    stuckMsMax: config.apiWriteTimeoutMs,
  });

  const lives = makeLives({ exchanges, log, stuckMsMax: config.apiWriteTimeoutMs });

  let draining = false;
  const readiness = makeReadiness({
    topics,
    topicNames: names.topics,
    publisher,
    stallMs: config.ingestStallMs,
    isOpen: () => ring?.isLoaded() ?? true,
    isDraining: () => draining,
  });
  const retentionIdempotencyMs = config.retentionIdempotencyHours * 3_600_000;
  const idempotency = makeIdempotency({
    statements: keyedPostgres,
    log,
    count: telemetry.countIdempotent,
    keepMs: retentionIdempotencyMs,
    answerBytesMax: config.retentionIdempotencyAnswerBytes,
    quota: makeIdempotencyQuota({
      statements: postgres,
      log,
      keepMs: retentionIdempotencyMs,
      bytesMax: config.retentionIdempotencyBytes,
    }),
  });
  const consumers = membership.isAlone ? makeConsumers({ kafka, topics, names, kindByName, log }) : undefined;
  const page = makePageDependencies({ config, names, postgres, topics, readiness });
  const app = createApp({
    publisher,
    names,
    telemetry: { ...telemetry, text: () => membership.telemetryText(() => telemetry.text()) },
    log,
    readiness,
    makeHeaders: makeEventHeaders(instance),
    exchanges,
    access,
    keys: { postgres, ring },
    idempotency,
    budget,
    kindByName,
    limits: {
      eventBytesMax: config.ingestMaxEventBytes,
      requestBytesMax: Math.max(config.ingestMaxRequestBytes, config.ingestMaxEventBytes),
    },
    config,
    ...page,
    lives,
    abandonPublish: (wish, by) => abandonInBucket(config, postgres, wish, by),
    askForLook: () => askForLook(config, names),
    consumers,
    clients,
    apiUrl: config.apiUrl,
    newest: makeNewestRecords({ kafka, topics, makeGroup: () => makeGroup('newest') }),
    tails,
    postgres,
  });
  const listening = await listen(app, config.apiHost, config.apiPort, connectionBounds(config, clients));
  registerConnectionTelemetry(telemetry.registry, listening.connections);
  log.info('api listens', { url: listening.url, instance, pid: process.pid });

  const leave = (why: string): void => {
    // Whoever asks twice does not want to wait.
    if (draining) process.exit(1);
    draining = true;
    log.info('api stops', { why });
    void shutDown({
      drainDelayMs: config.apiDrainDelayMs,
      drainMs: config.apiDrainMs,
      tails,
      lives,
      sqlDesk: page.sqlDesk,
      consumers,
      listening,
      publisher,
      idempotency,
      ledger,
      refusals,
      accessLog,
      ring,
      log,
    }).then(
      (clean) => process.exit(clean ? 0 : 1),
      (error: unknown) => {
        log.error('api did not stop cleanly', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => leave('SIGTERM'));
  if (membership.isAlone) process.on('SIGINT', () => leave('SIGINT'));
  membership.onLeave((why) => {
    if (!draining) leave(why);
  });

  await prepareTopics(topics, config, log, () => draining);
  await publisher.start();
  if (!draining) log.info('api ready', { url: listening.url });
}

try {
  const config = loadConfig();
  const log = makeLog('api', config.logLevel);
  if (isPrimaryOf(config.apiProcesses)) process.exit(await runPrimary(config.apiProcesses, log));
  else await main(config, log);
} catch (error) {
  makeLog('api', 'info').error(error instanceof Failure ? error.message : 'the API cannot start', { error });
  process.exit(1);
}
