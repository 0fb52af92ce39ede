import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { pin } from '#test/api/routes/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { startApi } from '#test/api/start-api.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const stopMsMax = 5_000;
const clients = 32;

type Answered = { id: string; status: number } | { id: string; lost: string; onFreshConnection: boolean };

function postPin(agent: Agent, url: string, id: string): Promise<Answered> {
  return new Promise((resolve) => {
    const req = request(`${url}/pin/`, { method: 'POST', agent, headers: { 'Content-Type': 'application/json' } }, (res) => {
      res.resume();
      res.once('end', () => resolve({ id, status: res.statusCode! }));
      res.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ id, lost: error.code ?? error.message, onFreshConnection: !req.reusedSocket }),
      );
    });
    req.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ id, lost: error.code ?? error.message, onFreshConnection: !req.reusedSocket }),
    );
    req.end(JSON.stringify(pin({ unique_id: id })));
  });
}

describe('the process of the API', () => {
  test('SIGTERM under load loses no acked event, resets no accepted request, and leaves its receipts', async () => {
    const config = await testConfig();
    const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    const api = startApi(config);
    await api.waitForLine('api ready');

    const answers: Answered[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    let ended = false;
    const load = Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let i = 0; !ended; i++) {
          const answer = await postPin(agent, api.url, `c${client}-${i}`);
          answers.push(answer);
          if ('lost' in answer) return;
        }
      }),
    );
    await waitFor(() => answers.length > 500, { what: 'five hundred answers' });
    const stoppedAt = performance.now();
    api.child.kill('SIGTERM');
    const { code } = await api.exited;
    const tookMs = performance.now() - stoppedAt;
    ended = true;
    await load;
    agent.destroy();

    assert.equal(code, 0);
    assert.ok(tookMs < stopMsMax, `stopping took ${tookMs} ms`);
    // A new connection is refused. A reset may hit only a connection that was idle when the server closed it.
    const lost = answers.filter((answer) => 'lost' in answer);
    assert.deepEqual(
      lost.filter((answer) => answer.onFreshConnection && answer.lost !== 'ECONNREFUSED'),
      [],
    );

    const names = makeNames(config.prefix);
    const kafka = makeKafkaClient(config, 'pinflow-test');
    const topics = makeKafkaTopics(kafka);
    const stored = new Map((await readRecords(kafka, topics, names.topicOf('pin'))).map((record) => [record.key!.toString(), record]));
    await topics.close();
    const ranges = await postgres.query<{ partition: number; first_offset: number; last_offset: number }>(
      'SELECT partition, first_offset, last_offset FROM pinflow.door_ack WHERE topic = $1',
      [names.topicOf('pin')],
    );
    await postgres.close();
    const acked = answers.flatMap((answer) => ('status' in answer && answer.status === 200 ? [answer.id] : []));
    assert.ok(acked.length > 500);
    for (const id of acked) {
      const record = stored.get(id);
      assert.ok(record !== undefined, `${id} was acked and is not in the log`);
      assert.ok(
        ranges.some(
          (range) => range.partition === record.partition && range.first_offset <= record.offset && record.offset <= range.last_offset,
        ),
        `${id} has no receipt`,
      );
    }
    assert.equal(
      ranges.reduce((sum, range) => sum + range.last_offset - range.first_offset + 1, 0),
      stored.size,
    );
  });

  test('Postgres being away does not concern the door', async () => {
    const api = startApi(await testConfig({ postgresUrl: 'postgres://nobody@127.0.0.1:1/nothing' }));
    await api.waitForLine('api ready');
    const agent = new Agent();
    assert.deepEqual(await postPin(agent, api.url, 'a'), { id: 'a', status: 200 });
    await api.waitForLine('acked ranges cannot be written to Postgres; they wait');
    assert.deepEqual(await postPin(agent, api.url, 'b'), { id: 'b', status: 200 });
    api.child.kill('SIGINT');
    assert.equal((await api.exited).code, 0);
  });

  test('is alive but not ready while Kafka is away, and stops all the same', async () => {
    const api = startApi(await testConfig({ kafkaBrokers: ['127.0.0.1:1'] }));
    await api.waitForLine('api listens');
    assert.equal((await fetch(`${api.url}/healthz`)).status, 200);
    const readyz = await fetch(`${api.url}/readyz`);
    assert.equal(readyz.status, 503);
    assert.ok(((await readyz.json()) as { reasons: string[] }).reasons.length > 0);
    assert.deepEqual(await postPin(new Agent(), api.url, 'a'), { id: 'a', status: 503 });
    const stoppedAt = performance.now();
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
    assert.ok(performance.now() - stoppedAt < stopMsMax);
  });

  test('ends with its parent when it was told so', async () => {
    const api = startApi(await testConfig(), { PINFLOW_CHILD: '1' });
    await api.waitForLine('api ready');
    api.child.stdin!.end();
    assert.equal((await api.exited).code, 0);
  });

  test('does not care for its stdin otherwise', async () => {
    const api = startApi(await testConfig());
    api.child.stdin!.end();
    await api.waitForLine('api ready');
    assert.equal((await fetch(`${api.url}/readyz`)).status, 200);
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
  });

  test('a taken port is one clear sentence and exit code 1', async () => {
    const config = await testConfig();
    const holder = createServer().listen(config.apiPort, '127.0.0.1');
    await once(holder, 'listening');
    const api = startApi(config);
    assert.equal((await api.exited).code, 1);
    holder.close();
    assert.match(api.lines.at(-1)!.msg, new RegExp(`^Port ${config.apiPort} of 127.0.0.1 is taken: .*API_PORT`));
  });

  test('topics of another shape end the start with the reason', async () => {
    const config = await testConfig();
    const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-test'));
    await topics.ensureTopics({ topics: makeNames(config.prefix).topics, partitions: config.topicPartitions + 1, replicas: 1 });
    await topics.close();
    const api = startApi(config);
    assert.equal((await api.exited).code, 1);
    assert.match(api.lines.at(-1)!.msg, /partitions.*PINFLOW_TOPIC_PARTITIONS/);
  });
});
