import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { startApi } from '#test/api/start-api.ts';
import { assertAgreesWithLog, startHistory } from '#test/support/door-history.ts';
import { startOwnBroker, startOwnCluster } from '#test/support/own-broker.ts';
import { isLongForm } from '#test/support/long-form.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/**
 * Records what became of each request while brokers are killed (SIGKILL) and stopped (SIGSTOP) under load, as its
 * client saw it, and then compares with the log. A failure here means that the door's word cannot be trusted.
 */
const kills = isLongForm ? [1, 2] : [1];
const requests = isLongForm ? 5_000 : 750;
const short = { ingestStallMs: 500, ingestDeadlineMs: 1_500 };

test('what the door answered agrees with the log, whatever happens to the broker', { timeout: 240_000 }, async (t) => {
  const broker = await startOwnBroker();
  t.after(() => broker.stop());
  const config = await testConfig({ ...short, kafkaBrokers: [broker.address] });
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  t.after(() => postgres.close());
  await migrate(postgres);
  const api = startApi(config);
  t.after(() => api.child.kill('SIGKILL'));
  await api.waitForLine('api ready');

  const load = startHistory(api.url);
  await load.moreOk(requests, 'before any fault');
  for (const round of kills) {
    const failed = load.count('failed');
    broker.signal('SIGKILL');
    await waitFor(() => load.count('failed') > failed, { what: `refusals after kill ${round}` });
    await broker.startAgain();
    await load.moreOk(requests, `after kill ${round}`);
  }
  const unknown = load.count('unknown');
  broker.signal('SIGSTOP');
  await waitFor(() => load.count('unknown') > unknown, { what: 'requests without an answer from the stopped broker' });
  broker.signal('SIGCONT');
  await load.moreOk(requests, 'after the stop');
  const history = await load.end();
  t.diagnostic(`${history.length} requests: ${load.count('ok')} ok, ${load.count('failed')} failed, ${load.count('unknown')} unknown`);
  assert.ok(history.length >= requests * (kills.length + 2));
  const stored = await assertAgreesWithLog(history, config);

  // The door's own account of what Kafka acked holds every record that a client was told of.
  api.child.kill('SIGTERM');
  assert.equal((await api.exited).code, 0);
  const [account] = await postgres.query<{ acked: number }>(
    'SELECT sum(last_offset - first_offset + 1)::int AS acked FROM pinflow.door_ack WHERE topic = $1',
    [makeNames(config.prefix).topicOf('pin')],
  );
  assert.ok(account!.acked >= load.count('ok') && account!.acked <= stored, `${account!.acked} acked, ${stored} stored`);
});

test('with two brokers, too, while one of them is killed and comes back', { timeout: 240_000 }, async (t) => {
  const cluster = await startOwnCluster();
  t.after(() => cluster.stop());
  const config = await testConfig({ ...short, kafkaBrokers: cluster.addresses, topicReplicas: 2, topicMinInsync: 1 });
  const api = startApi(config);
  t.after(() => api.child.kill('SIGKILL'));
  await api.waitForLine('api ready');
  // What one broker alone would ack is no ack, unless that was asked for: these topics have min.insync.replicas 1.
  const strict = makeKafkaTopics(makeKafkaClient(config, 'pinflow-test'));
  const wanted = { topics: makeNames(config.prefix).topics, partitions: config.topicPartitions, replicas: 2 };
  await assert.rejects(strict.ensureTopics(wanted), { kind: 'configuration', message: /min\.insync\.replicas.*PINFLOW_TOPIC_MIN_INSYNC/ });
  await strict.ensureTopics({ ...wanted, topics: ['strict'] });
  await strict.close();

  const load = startHistory(api.url);
  await load.moreOk(requests / 3, 'before any fault');
  const admin = makeKafkaClient(config, 'pinflow-test').admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  const leaders = async (): Promise<Set<number>> => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [makeNames(config.prefix).topicOf('pin')] });
    return new Set(topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader)));
  };
  for (const round of kills) {
    await waitFor(async () => (await leaders()).size === 2, { what: `both brokers to lead, round ${round}` });
    cluster.second.signal('SIGKILL');
    await load.moreOk(requests / 5, `without the second broker, round ${round}`);
    await cluster.second.startAgain();
    await load.moreOk(requests / 5, `while it comes back, round ${round}`);
  }
  cluster.second.signal('SIGSTOP');
  await load.moreOk(requests / 5, 'while the second broker is stopped');
  cluster.second.signal('SIGCONT');
  await load.moreOk(requests / 5, 'after the stop');
  const history = await load.end();
  t.diagnostic(`${history.length} requests: ${load.count('ok')} ok, ${load.count('failed')} failed, ${load.count('unknown')} unknown`);
  await assertAgreesWithLog(history, config);
});
