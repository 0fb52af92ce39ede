import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { pin } from '#test/api/routes/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import type { ApiProcess } from '#test/api/start-api.ts';
import { startApi } from '#test/api/start-api.ts';
import { makeDoorClient } from '#test/support/door-client.ts';
import { startOwnBroker } from '#test/support/own-broker.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/**
 * Records what became of each request while the broker is killed (SIGKILL) and stopped (SIGSTOP) under load, as its
 * client saw it, and then compares with the log: every 200 is there exactly once and where its receipt says, a 503
 * never, a 504 or a broken connection at most once. A failure here means that the door's word cannot be trusted.
 */
const clients = 64;
const requestsMin = 20_000;
const okPerPhase = 5_000;

type Outcome = 'ok' | 'failed' | 'unknown';
type Entry = { id: string; outcome: Outcome; receipt: string };

let broker: Awaited<ReturnType<typeof startOwnBroker>>;
let api: ApiProcess;
before(async () => {
  broker = await startOwnBroker();
});
after(async () => {
  api.child.kill('SIGKILL');
  await broker.stop();
});

test('what the door answered agrees with the log, whatever happens to the broker', { timeout: 240_000 }, async (t) => {
  const config = await testConfig({ kafkaBrokers: [broker.address], ingestStallMs: 500, ingestDeadlineMs: 1_500 });
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  t.after(() => postgres.close());
  await migrate(postgres);
  api = startApi(config);
  await api.waitForLine('api ready');

  const history: Entry[] = [];
  const count = (outcome: Outcome): number => history.filter((entry) => entry.outcome === outcome).length;
  const client = makeDoorClient(api.url, clients);
  const isReady = async (): Promise<boolean> => (await fetch(`${api.url}/readyz`)).ok;
  let ended = false;
  const load = Promise.all(
    Array.from({ length: clients }, async (_, number) => {
      for (let i = 0; !ended; i++) {
        const id = `c${number}-${i}`;
        const json = JSON.stringify(pin({ unique_id: id }));
        const answer =
          i % 4 === 0
            ? await client.post('/topics/history.pin', id, `{"records":[{"value":${json}}]}`)
            : await client.post('/pin/', id, json);
        const status = 'status' in answer ? answer.status : 0;
        assert.ok([0, 200, 503, 504].includes(status), `${id} was answered with ${status}`);
        const receipt = 'headers' in answer ? String(answer.headers['pinflow-receipt'] ?? '') : '';
        history.push({ id, outcome: status === 200 ? 'ok' : status === 503 ? 'failed' : 'unknown', receipt });
        // What was refused for now comes back when the door says that it can be taken.
        if (status === 503) await waitFor(() => ended || isReady(), { timeoutMs: 60_000, what: 'the door to be ready again' });
      }
    }),
  );

  const moreOk = async (what: string): Promise<void> => {
    const target = count('ok') + okPerPhase;
    await waitFor(() => count('ok') >= target, { timeoutMs: 60_000, what: `${okPerPhase} more acked requests ${what}` });
  };
  await moreOk('before any fault');
  for (const round of [1, 2]) {
    const failed = count('failed');
    broker.signal('SIGKILL');
    await waitFor(() => count('failed') > failed, { what: `refusals after kill ${round}` });
    await broker.startAgain();
    await moreOk(`after kill ${round}`);
  }
  const unknown = count('unknown');
  broker.signal('SIGSTOP');
  await waitFor(() => count('unknown') > unknown, { what: 'requests without an answer from the stopped broker' });
  broker.signal('SIGCONT');
  await moreOk('after the stop');
  ended = true;
  await load;
  client.close();
  t.diagnostic(`${history.length} requests: ${count('ok')} ok, ${count('failed')} failed, ${count('unknown')} unknown`);
  assert.ok(history.length >= requestsMin);

  const topic = makeNames(config.prefix).topicOf('pin');
  const kafka = makeKafkaClient(config, 'pinflow-test');
  const topics = makeKafkaTopics(kafka);
  t.after(() => topics.close());
  const places = new Map<string, string[]>();
  for (const { key, partition, offset, headers } of await readRecords(kafka, topics, topic)) {
    const eventId = headers.find(([name]) => name === 'event-id')![1].toString();
    const receipt = `kind=pin, partition=${partition}, offset=${offset}, event-id="${eventId}"`;
    places.set(key!.toString(), [...(places.get(key!.toString()) ?? []), receipt]);
  }
  const wrong = history.filter(({ id, outcome, receipt }) => {
    const found = places.get(id) ?? [];
    if (outcome === 'ok') return found.length !== 1 || found[0] !== receipt;
    return found.length > (outcome === 'failed' ? 0 : 1);
  });
  assert.deepEqual(
    wrong.slice(0, 10).map((entry) => ({ ...entry, found: places.get(entry.id) })),
    [],
    `${wrong.length} answers do not agree with the log`,
  );

  // The door's own account of what Kafka acked holds every record that a client was told of.
  api.child.kill('SIGTERM');
  assert.equal((await api.exited).code, 0);
  const [account] = await postgres.query<{ acked: number }>(
    'SELECT sum(last_offset - first_offset + 1)::int AS acked FROM pinflow.door_ack WHERE topic = $1',
    [topic],
  );
  const stored = [...places.values()].reduce((sum, found) => sum + found.length, 0);
  assert.ok(account!.acked >= count('ok') && account!.acked <= stored, `${account!.acked} acked, ${count('ok')} ok, ${stored} stored`);
});
