import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import { startApi } from '#test/api/start-api.ts';
import type { Answered } from '#test/support/door-client.ts';
import { makeDoorClient } from '#test/support/door-client.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

const stopMsMax = 5_000;
const clients = 32;

const pinOf = (id: string): string => JSON.stringify(pin({ unique_id: id }));

async function statusOf(url: string, id: string): Promise<number> {
  const response = await fetch(`${url}/pin/`, { method: 'POST', body: pinOf(id), headers: { 'Content-Type': 'application/json' } });
  await response.arrayBuffer();
  return response.status;
}

describe('the process of the API', () => {
  test('SIGTERM under load loses no acked event, resets no accepted request, and leaves its receipts', async () => {
    const config = await testConfig();
    const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    const api = startApi(config);
    await api.waitForLine('api ready');

    const answers: Answered[] = [];
    const client = makeDoorClient(api.url, clients);
    let ended = false;
    const load = Promise.all(
      Array.from({ length: clients }, async (_, number) => {
        for (let i = 0; !ended; i++) {
          const id = `c${number}-${i}`;
          const answer = await client.post('/pin/', id, pinOf(id));
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
    client.close();

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
    assert.equal(await statusOf(api.url, 'a'), 200);
    await api.waitForLine('acked ranges cannot be written to Postgres; they wait');
    assert.equal(await statusOf(api.url, 'b'), 200);
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
    assert.equal(await statusOf(api.url, 'a'), 503);
    const stoppedAt = performance.now();
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
    assert.ok(performance.now() - stoppedAt < stopMsMax);
  });

  test('does not care for its stdin', async () => {
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

  test('with a drain delay it says that it is not ready, and still takes what comes', async () => {
    const api = startApi(await testConfig({ apiDrainDelayMs: 2_000 }));
    await api.waitForLine('api ready');
    api.child.kill('SIGTERM');
    await api.waitForLine('api stops');
    const readyz = await fetch(`${api.url}/readyz`);
    assert.deepEqual([readyz.status, await readyz.json()], [503, { status: 'not ready', reasons: ['the door is shutting down'] }]);
    assert.equal(readyz.headers.get('connection'), 'close');
    assert.equal(await statusOf(api.url, 'late'), 200);
    assert.equal((await api.exited).code, 0);
  });

  test('a second signal ends it at once, whatever is still to be answered', async () => {
    const api = startApi(await testConfig());
    await api.waitForLine('api ready');
    // Half a request: draining waits for the rest of it.
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('POST /pin/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    await waitFor(async () => (await fetch(`${api.url}/healthz`)).ok, { what: 'the half request to be read' });
    api.child.kill('SIGTERM');
    await api.waitForLine('api stops');
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 1);
    socket.destroy();
  });

  test('an event that no produce request could hold ends the start with the reason', async () => {
    const api = startApi(await testConfig({ ingestMaxEventBytes: 2_000_000 }));
    assert.equal((await api.exited).code, 1);
    assert.match(api.lines.at(-1)!.msg, /^INGEST_MAX_EVENT_BYTES is 2000000, but .* 1000000 bytes/);
  });

  test('goes on when nobody reads its log any more', async () => {
    const api = startApi(await testConfig());
    await api.waitForLine('api ready');
    api.child.stdout!.destroy();
    // A refusal is a line in the access log.
    for (const body of ['{', '{']) await (await fetch(`${api.url}/pin/`, { method: 'POST', body })).arrayBuffer();
    await waitFor(async () => (await statusOf(api.url, 'unheard')) === 200, { what: 'an event to be acked' });
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
  });

  test('API_WRITE_TIMEOUT_MS bounds how long an answer may be left unread', async () => {
    const api = startApi(await testConfig({ apiWriteTimeoutMs: 500 }));
    await api.waitForLine('api ready');
    // Receipts of so many rows are more than what two kernels keep of a connection that nobody reads.
    const body = '{"ind":1}\n'.repeat(90_000);
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    const head = [
      'POST /events?kind=geo HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/x-ndjson',
      `Content-Length: ${body.length}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    await api.waitForLine('connections were ended: their clients did not read their answers');
    socket.destroy();
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
  });

  test('RETENTION_IDEMPOTENCY_BYTES bounds what is kept of one caller', async () => {
    const config = await testConfig({ retentionIdempotencyBytes: 1_000 });
    const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
    await migrate(postgres);
    await postgres.close();
    const api = startApi(config);
    await api.waitForLine('api ready');
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `k${i}` };
      const response = await fetch(`${api.url}/pin/`, { method: 'POST', body: pinOf(`k${i}`), headers });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429], statuses.join());
    api.child.kill('SIGTERM');
    assert.equal((await api.exited).code, 0);
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
