import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Kafka } from 'kafkajs';
import type { Config } from '#adapters/config.ts';
import { loadConfig } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { makeDisposableClient, makeKafkaClient } from '#adapters/kafka/client.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makeLog } from '#adapters/log.ts';
import type { FailureKind } from '#domain/failures.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord } from '#domain/terms.ts';
import { makeAuthority } from '#test/support/certificates.ts';
import { waitFor } from '#test/support/servers.ts';
import { makeTestFolder } from '#test/support/stack-home.ts';
import type { SecuredBroker } from './secured-broker.ts';
import { startSecuredBroker } from './secured-broker.ts';

type Listener = keyof SecuredBroker['listeners'];
type Security = Partial<Config>;

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

describe('a broker that does not let everyone in', { concurrency: true }, () => {
  let broker: SecuredBroker;
  before(async () => {
    broker = await startSecuredBroker();
  });
  after(() => broker.stop());

  /** Settings as a person gives them, by their environment names. */
  const configFor = (listener: Listener, security: Security): Config =>
    Object.freeze({ ...loadConfig({ [settings.kafkaBrokers.env]: broker.listeners[listener] }), ...security });
  const tls = (): Security => ({ kafkaTls: true, kafkaTlsCaFile: broker.authority.caFile });
  const sasl = (mechanism: (typeof mechanisms)[number], password = broker.password): Security => ({
    kafkaSaslMechanism: mechanism,
    kafkaUsername: broker.username,
    kafkaPassword: password,
  });
  const clientCertificate = (authority = broker.authority, name = 'a-client'): Security => {
    const { certFile, keyFile } = authority.issue(name);
    return { kafkaTlsCertFile: certFile, kafkaTlsKeyFile: keyFile };
  };

  async function brokersSeenBy(config: Config): Promise<number> {
    const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-test'));
    try {
      return (await topics.describe([])).brokers;
    } finally {
      await topics.close();
    }
  }

  const letIn: [string, Listener, () => Security][] = [
    ['TLS', 'ssl', tls],
    ['TLS with a client certificate', 'mtls', () => ({ ...tls(), ...clientCertificate() })],
    ...mechanisms.flatMap((mechanism): [string, Listener, () => Security][] => [
      [`${mechanism} in the clear`, 'saslPlaintext', () => sasl(mechanism)],
      [`${mechanism} over TLS`, 'saslSsl', () => ({ ...tls(), ...sasl(mechanism) })],
    ]),
  ];
  for (const [how, listener, security] of letIn) {
    test(`is reached by ${how}`, async () => {
      assert.equal(await brokersSeenBy(configFor(listener, security())), 1);
    });
  }

  const keptOut: [string, Listener, () => Security, FailureKind, RegExp][] = [
    ['an authority that nobody named', 'ssl', () => ({ kafkaTls: true }), 'configuration', /not trusted .* in KAFKA_TLS_CA_FILE/],
    ['no TLS where it is wanted', 'ssl', () => ({}), 'unavailable', /check KAFKA_TLS and KAFKA_SASL_MECHANISM/],
    ['TLS where there is none', 'plaintext', tls, 'unavailable', /check KAFKA_TLS and/],
    ['no client certificate', 'mtls', tls, 'denied', /client certificate .* check KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE/],
    [
      'a client certificate of a stranger',
      'mtls',
      () => ({ ...tls(), ...clientCertificate(makeAuthority(makeTestFolder(), 'stranger'), 'a-stranger') }),
      'denied',
      /client certificate that it trusts/,
    ],
    ['no SASL where it is wanted', 'saslPlaintext', () => ({}), 'unavailable', /check KAFKA_TLS and KAFKA_SASL_MECHANISM/],
    ['SASL where there is none', 'plaintext', () => sasl('plain'), 'unavailable', /wants no SASL: check KAFKA_SASL_MECHANISM/],
    ...mechanisms.map((mechanism): [string, Listener, () => Security, FailureKind, RegExp] => [
      `a wrong password (${mechanism})`,
      'saslSsl',
      () => ({ ...tls(), ...sasl(mechanism, 'wrong') }),
      'denied',
      /authentication failed.* Check KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD/,
    ]),
  ];
  for (const [what, listener, security, kind, message] of keptOut) {
    test(`keeps out ${what}, and the failure says what to check`, { timeout: 20_000 }, async () => {
      await assert.rejects(brokersSeenBy(configFor(listener, security())), (error: Error & { kind?: string }) => {
        assert.equal(error.kind, kind);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /wrong|a password/);
        return true;
      });
    });
  }

  test('a name that the certificate is not for is one sentence with both', async () => {
    const kafkaBrokers = [broker.listeners.ssl.replace('127.0.0.1', 'localhost')];
    await assert.rejects(brokersSeenBy({ ...configFor('ssl', tls()), kafkaBrokers }), {
      kind: 'configuration',
      message: /certificate of Kafka is for another host \(Host: localhost/,
    });
  });

  test('takes events from the publisher over TLS with SCRAM, and a reader gets them back', async () => {
    const config = configFor('saslSsl', { ...tls(), ...sasl('scram-sha-512') });
    const kafka = makeKafkaClient(config, 'pinflow-test');
    const topics = makeKafkaTopics(kafka);
    const topic = 'secured';
    await topics.ensureTopics({ topics: [topic], partitions: 2, replicas: 1 });
    const publisher = makePublisher({
      makeClient: () => makeDisposableClient(config, 'pinflow-test'),
      topicNames: [topic],
      eventsMax: 1_000,
      bytesMax: 1_000_000,
      stallMs: 1_000,
      deadlineMs: 5_000,
      log: makeLog('test', 'error'),
    });
    await publisher.start();
    const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`);
    const outcomes = await publisher.publish(
      keys.map((key) => ({ topic, key: Buffer.from(key), value: Buffer.from(`value of ${key}`), headers: {} })),
    );
    assert.ok(!(outcomes instanceof Failure));
    await publisher.close(1_000);

    // As in a worker: a group, which a young broker may not serve at once, and fetches.
    const read = await waitFor(() => readAll(kafka, topic, keys.length), { what: 'the records' });
    const acked = outcomes.map((outcome) => (outcome instanceof Failure ? outcome.message : `${outcome.partition}/${outcome.offset}`));
    assert.deepEqual(read.map(({ partition, offset }) => `${partition}/${offset}`).toSorted(), acked.toSorted());
    assert.deepEqual(read.map(({ value }) => String(value)).toSorted(), keys.map((key) => `value of ${key}`).toSorted());
    await topics.close();
  });
});

/** Reads two partitions from their start until there are as many records as wanted. */
async function readAll(kafka: Kafka, topic: string, wanted: number): Promise<LogRecord[]> {
  const enough = new AbortController();
  const read: LogRecord[] = [];
  await readPartitions({
    kafka,
    groupId: `pinflow-test-${randomUUID()}`,
    from: [0, 1].map((partition) => ({ topic, partition, offset: 0 })),
    signal: enough.signal,
    concurrency: 1,
    bytesPerPartitionMax: 1_000_000,
    findLogStart: () => Promise.resolve(0),
    onLost: (_, problem) => Promise.reject(new Error(problem)),
    onBatch: async ({ records }) => {
      read.push(...records);
      if (read.length === wanted) enough.abort();
    },
  });
  return read;
}
