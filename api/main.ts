import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { getStatus } from '#activities/status.ts';
import type { Config } from '#adapters/config.ts';
import { loadConfig } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { Publisher } from '#adapters/kafka/producer.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import { makeLog } from '#adapters/log.ts';
import { endWithParent } from '#adapters/parent.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { openAccess } from '#api/access/open-access.ts';
import type { AckLedger } from '#api/door/ack-ledger.ts';
import { makeAckLedger } from '#api/door/ack-ledger.ts';
import { createApp } from '#api/app.ts';
import { makeEventHeaders } from '#api/door/event-headers.ts';
import { makeExchanges } from '#api/door/exchange.ts';
import { makeIdempotency } from '#api/door/idempotency.ts';
import type { Listening } from '#api/listen.ts';
import { listen } from '#api/listen.ts';
import { makeDoorMetrics } from '#api/door/metrics.ts';
import { makeReadiness } from '#api/operations/readiness.ts';
import { Failure } from '#domain/failures.ts';
import { kindsOfNames } from '#domain/door/topic-name.ts';
import { makeNames } from '#domain/names.ts';

/** Key, headers and framing that come on top of an event's bytes in its record. */
const recordOverheadBytes = 2_048;
/** Bounds of the ways out; with the publisher's own second for its disconnect below the 5 s that a stop may take. */
const drainMsMax = 2_000;
const flushMsMax = 1_000;
const receiptsMsMax = 500;
const topicsRetryMs = 500;
/** Statements of keyed requests: shorter than their client is made to wait. */
const keyedStatementMsMax = 1_500;

/** The process of the API: listens, says when events can be taken, and leaves without losing one that was acked. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = makeLog('api', config.logLevel);
  const names = makeNames(config.prefix);
  const instance = randomUUID();
  const kafka = makeKafkaClient(config, 'pinflow-api');
  const topics = makeKafkaTopics(kafka);
  const metrics = makeDoorMetrics();
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-api', connectionsMax: 4 });
  const keyedPostgres = makePostgres({
    url: config.postgresUrl,
    applicationName: 'pinflow-api-keyed',
    connectionsMax: 4,
    statementTimeoutMs: keyedStatementMsMax,
  });
  const ledger = makeAckLedger({ statements: postgres, instance, log });
  const publisher = makePublisher({
    kafka,
    topics,
    topicNames: names.topics,
    eventsMax: config.ingestMaxEvents,
    bytesMax: config.ingestMaxBytes,
    stallMs: config.ingestStallMs,
    deadlineMs: config.ingestDeadlineMs,
    log,
    onAck(topic, partition, first, last) {
      ledger.note(topic, partition, first, last);
      metrics.countAcked(topic, last - first + 1);
    },
    onProduce: metrics.observeProduce,
  });
  metrics.watch(publisher);

  let draining = false;
  const readiness = makeReadiness({
    topics,
    topicNames: names.topics,
    publisher,
    stallMs: config.ingestStallMs,
    isDraining: () => draining,
  });
  const app = createApp({
    publisher,
    names,
    metrics,
    log,
    readiness,
    makeHeaders: makeEventHeaders(instance),
    exchanges: makeExchanges(instance, []),
    access: openAccess,
    idempotency: makeIdempotency({ statements: keyedPostgres, log, count: metrics.countIdempotent }),
    budget: { bytesUsed: 0, bytesMax: config.ingestMaxBodyBytes },
    kindByName: kindsOfNames(config.ingestNameKinds),
    limits: {
      eventBytesMax: config.ingestMaxEventBytes,
      requestBytesMax: Math.max(config.ingestMaxRequestBytes, config.ingestMaxEventBytes),
    },
    lookAtStatus: () => getStatus({ config, names, postgres, topics }),
  });
  const listening = await listen(app, config.apiHost, config.apiPort);
  log.info('api listens', { url: listening.url, instance });

  const leave = (why: string): void => {
    // Whoever asks twice does not want to wait.
    if (draining) process.exit(1);
    draining = true;
    log.info('api stops', { why });
    void shutDown({ listening, publisher, ledger, log }).then(
      (clean) => process.exit(clean ? 0 : 1),
      (error: unknown) => {
        log.error('api did not stop cleanly', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => leave('SIGTERM')).on('SIGINT', () => leave('SIGINT'));
  endWithParent(() => leave('the parent is gone'));

  await prepareTopics(topics, config, log, () => draining);
  await publisher.start();
  if (!draining) log.info('api ready', { url: listening.url });
}

/** Creates or checks the topics; waits for Kafka as long as it takes, but not with topics that are wrong. */
async function prepareTopics(topics: KafkaTopics, config: Config, log: Log, isDraining: () => boolean): Promise<void> {
  const names = makeNames(config.prefix);
  for (let told = false; !isDraining(); told = true) {
    try {
      await topics.ensureTopics({ topics: names.topics, partitions: config.topicPartitions, replicas: config.topicReplicas });
      const limit = Math.min(...(await Promise.all(names.topics.map((topic) => topics.messageBytesMax(topic)))));
      if (config.ingestMaxEventBytes + recordOverheadBytes > limit) {
        throw new Failure(
          'configuration',
          `INGEST_MAX_EVENT_BYTES is ${config.ingestMaxEventBytes}, but a topic takes record batches of ${limit} bytes only: lower it, or raise max.message.bytes of the topics.`,
        );
      }
      return;
    } catch (error) {
      if (!(error instanceof Failure) || !error.canRetry) throw error;
      if (!told) log.warn('topics cannot be prepared yet; trying on', { error });
      await delay(topicsRetryMs);
    }
  }
}

/** Answers what was accepted, then flushes. @returns whether nothing was left. */
async function shutDown({
  listening,
  publisher,
  ledger,
  log,
}: {
  listening: Listening;
  publisher: Publisher;
  ledger: AckLedger;
  log: Log;
}): Promise<boolean> {
  const answered = await listening.drain(drainMsMax);
  await publisher.close(flushMsMax);
  const { events } = publisher.inFlight();
  await Promise.race([ledger.close(), delay(receiptsMsMax)]);
  log.info('api stopped', { answered, eventsLeft: events });
  return answered && events === 0;
}

try {
  await main();
} catch (error) {
  makeLog('api', 'info').error(error instanceof Failure ? error.message : 'the API cannot start', { error });
  process.exit(1);
}
