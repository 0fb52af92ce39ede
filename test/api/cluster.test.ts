import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:http';
import { after, before, test } from 'node:test';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makeNames } from '#domain/names.ts';
import type { LogRecord } from '#domain/terms.ts';
import { pin } from '#test/api/pin/pin-cases.ts';
import { readRecords } from '#test/api/read-records.ts';
import type { ApiProcess } from '#test/api/start-api.ts';
import { startApi } from '#test/api/start-api.ts';
import { makeDoorClient } from '#test/support/door-client.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';

/** API_PROCESSES=2: one port, two doors, a primary that holds them together. */
let config: Config;
let api: ApiProcess;
const acked: string[] = [];
before(async () => {
  config = await testConfig({ apiProcesses: 2 });
  api = startApi(config);
  await readyLines(2);
});
after(() => api.child.kill('SIGKILL'));

const readyLines = (count: number): Promise<boolean> =>
  waitFor(() => api.lines.filter(({ msg }) => msg === 'api ready').length >= count, { what: `${count} processes to be ready` });

/** Another API of two processes, both ready. */
async function startTwo(overrides: Partial<Config> = {}): Promise<ApiProcess> {
  const two = startApi(await testConfig({ apiProcesses: 2, ...overrides }));
  await waitFor(() => two.lines.filter(({ msg }) => msg === 'api ready').length === 2, { what: 'two processes to be ready' });
  return two;
}

/** How it ended; one that does not end is killed and fails the test. */
async function endOf(one: ApiProcess): ApiProcess['exited'] {
  const { child } = one;
  await waitFor(() => child.exitCode !== null || child.signalCode !== null, { what: 'the API to end' }).finally(() =>
    child.kill('SIGKILL'),
  );
  return one.exited;
}

function pidsOf({ lines }: ApiProcess): number[] {
  return lines.flatMap((line) => (line.msg === 'api listens' ? [(line as unknown as { pid: number }).pid] : []));
}

function childOf(parent: number): number | undefined {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return rows.map((row) => row.trim().split(/ +/).map(Number)).find(([, ppid]) => ppid === parent)?.[0];
}

/** Posts over many connections, which the primary deals out; returns what was not acked. */
async function post(round: string, count: number): Promise<unknown[]> {
  const client = makeDoorClient(api.url, 8);
  const answers = await Promise.all(
    Array.from({ length: count }, (_, i) => client.post('/pin/', `${round}-${i}`, JSON.stringify(pin({ unique_id: `${round}-${i}` })))),
  );
  client.close();
  for (const answer of answers) if ('status' in answer && answer.status === 200) acked.push(answer.id);
  return answers.filter((answer) => !('status' in answer) || answer.status !== 200);
}

async function readLog(): Promise<LogRecord[]> {
  const kafka = makeKafkaClient(config, 'pinflow-test');
  const topics = makeKafkaTopics(kafka);
  const records = await readRecords(kafka, topics, makeNames(config.prefix).topicOf('pin'));
  await topics.close();
  return records;
}

test('both processes take events, and /metrics adds them up', async () => {
  assert.deepEqual(await post('both', 200), []);
  const instances = new Set((await readLog()).map(({ headers }) => headers.find(([name]) => name === 'instance')![1].toString()));
  assert.equal(instances.size, 2);
  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  assert.match(metrics, /^pinflow_door_requests_total\{route="pin",status="200"\} 200$/m);
});

test('GET /metrics shows a process its own where another does not answer', async () => {
  const stuck = pidsOf(api)[1]!;
  process.kill(stuck, 'SIGSTOP');
  // Connections are dealt out in turn: one of the two comes to the process that can answer.
  const asked = [1, 2].map(async () => (await fetch(`${api.url}/metrics`)).text());
  const text = await Promise.any(asked);
  process.kill(stuck, 'SIGCONT');
  assert.match(text, /^pinflow_door_in_flight_events 0$/m);
  await Promise.all(asked);
});

test('a process that is killed is replaced, while the other goes on', async () => {
  const instance = api.lines.find(({ msg }) => msg === 'api listens') as unknown as { pid: number };
  process.kill(instance.pid, 'SIGKILL');
  await api.waitForLine('an API process ended; another takes its place');
  await readyLines(3);
  assert.deepEqual(await post('replaced', 50), []);
});

test('SIGTERM to the primary drains all of them, and every acked event is in the log once', async () => {
  const last = post('last', 50);
  await last;
  api.child.kill('SIGTERM');
  assert.equal((await api.exited).code, 0);
  assert.equal(api.lines.filter(({ msg }) => msg === 'api stopped').length, 2);
  const keys = (await readLog()).map(({ key }) => key!.toString());
  assert.deepEqual(keys.toSorted(), acked.toSorted());
});

test('when the primary is killed the others leave in good order, and answer GET /metrics while they drain', async () => {
  const orphan = await startTwo({ apiDrainDelayMs: 3_000 });
  // The port is the primary's: only a connection that it dealt out before stays.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (path: string): Promise<string> => {
    const [answer] = (await once(get(`${orphan.url}${path}`, { agent }), 'response')) as [IncomingMessage];
    return (await answer.toArray()).join('');
  };
  await ask('/healthz');
  orphan.child.kill('SIGKILL');
  await orphan.waitForLine('api stops');
  assert.match(await ask('/metrics'), /^pinflow_door_in_flight_events 0$/m);
  await orphan.exited;
  agent.destroy();
  assert.equal(orphan.lines.filter(({ msg }) => msg === 'api stopped').length, 2);
});

test('SIGTERM ends it also while the place of a dead process is empty', async () => {
  const wounded = await startTwo();
  process.kill(pidsOf(wounded)[0]!, 'SIGKILL');
  await wounded.waitForLine('an API process ended; another takes its place');
  wounded.child.kill('SIGTERM');
  assert.equal((await endOf(wounded)).code, 1);
});

test('SIGTERM ends it at any moment of its start', async () => {
  const starts = await Promise.all(Array.from({ length: 3 }, async () => startApi(await testConfig({ apiProcesses: 2 }))));
  // Members begin here, each a little further than the one before.
  await Promise.all(
    starts.map(async (start, i) => {
      await start.waitForLine('api runs in several processes');
      const at = performance.now() + i * 300;
      await waitFor(() => performance.now() >= at, { what: 'the moment' });
      start.child.kill('SIGTERM');
      assert.equal((await endOf(start)).code, 0);
    }),
  );
});

test('a process that dies before any listens ends the others, with its exit code', async () => {
  const doomed = startApi(await testConfig({ apiProcesses: 2 }));
  process.kill(await waitFor(() => childOf(doomed.child.pid!), { what: 'a process to begin' }), 'SIGKILL');
  assert.equal((await endOf(doomed)).code, 1);
  assert.equal(pidsOf(doomed).length, 0);
});

test('a setting that is wrong ends it with the reason, once for all', async () => {
  const wrong = startApi(await testConfig({ apiProcesses: 2, kafkaSaslMechanism: 'plain' }));
  assert.equal((await wrong.exited).code, 1);
  assert.match(wrong.lines.at(-1)!.msg, /KAFKA_USERNAME/);
});
