import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fillSource } from '#emulator/fill-source.ts';
import type { Config } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { makeSyntheticRows } from '#emulator/synthetic/rows.ts';
import { openSource } from '#emulator/source.ts';
import { createDatabase } from '#setup/create-database.ts';
import type { ApiProcess } from '#test/api/start-api.ts';
import { environmentOf, startApi } from '#test/api/start-api.ts';
import { runCli } from '#test/cli/run-cli.ts';
import { testConfig, waitFor } from '#test/support/servers.ts';
import { migrate } from '#workers/migrate.ts';

/** The emulator as its users run it: a source in Postgres, the API's own process, Kafka behind it. */
let config: Config;
let postgres: Postgres;
let topics: KafkaTopics;
let api: ApiProcess;
const rows = 300;

before(async () => {
  config = await testConfig();
  postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-test' });
  await migrate(postgres);
  topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-test'));
  api = startApi(config);
  await Promise.all([
    api.waitForLine('api ready'),
    fillSource({ postgresUrl: config.sourceUrl, makeRows: () => makeSyntheticRows(3, rows) }),
  ]);
});

after(async () => {
  api.child.kill();
  await api.exited;
  await topics.close();
  await postgres.close();
});

const emulate = (...args: string[]) => runCli('cli/pinflow.ts', ['emulate', ...args], environmentOf(config));
const recordsOf = async (kind: 'pin' | 'geo' | 'user'): Promise<number> =>
  (await topics.fetchOffsets(makeNames(config.prefix).topicOf(kind))).reduce((sum, { low, high }) => sum + high - low, 0);

describe('the source', () => {
  test('is filled once, also by two set-ups at a time, and left alone afterwards', async () => {
    const other = new URL(config.sourceUrl);
    other.pathname += '_source';
    const fill = (): Promise<number> => fillSource({ postgresUrl: other.href, makeRows: () => makeSyntheticRows(3, 20) });
    const both = await Promise.all([fill(), fill()]);
    assert.deepEqual(
      both.toSorted((a, b) => a - b),
      [0, 20],
    );
    assert.equal(await fill(), 0);
  });

  test('gives rows as they were made, dates as ISO text, in the order asked for', async () => {
    const { pin: pins, geo, user: users } = makeSyntheticRows(3, rows);
    const source = await openSource(postgres);
    assert.equal(source.rowCount, rows);
    const fetched = await source.fetch([299, 0, 17, 0]);
    assert.deepEqual(
      fetched.map(({ ind }) => ind),
      [299, 0, 17, 0],
    );
    for (const { ind, pin, geo: place, user } of fetched) assert.deepEqual([pin, place, user], [pins[ind], geo[ind], users[ind]]);
  });

  test('gives what its tables have columns for, and is filled that far', async () => {
    const older = new URL(config.sourceUrl);
    older.pathname += '_older';
    await createDatabase(older.href);
    const olderPostgres = makePostgres({ url: older.href, applicationName: 'pinflow-test' });
    await olderPostgres.execute(
      'CREATE TABLE pinterest_data (index bigint PRIMARY KEY, unique_id text, title text, category text, more text)',
    );
    assert.equal(await fillSource({ postgresUrl: older.href, makeRows: () => makeSyntheticRows(3, 20) }), 20);
    const said: string[] = [];
    const [event] = await (await openSource(olderPostgres, (line) => said.push(line))).fetch([7]);
    assert.match(said.join(), /^The source table pinterest_data lacks description, poster_name, .*: its rows are posted without\.$/);
    const { pin: pins, geo } = makeSyntheticRows(3, 20);
    const { index, unique_id, title, category } = pins[7]!;
    assert.deepEqual([event!.pin, event!.geo], [{ index, unique_id, title, category }, geo[7]]);
    await olderPostgres.execute('ALTER TABLE geolocation_data DROP COLUMN ind');
    await assert.rejects(openSource(olderPostgres), { kind: 'missing', message: /geolocation_data has no column ind, by which/ });
    await olderPostgres.close();
  });

  test('without tables is told with the next step', async () => {
    const empty = makePostgres({ url: (await testConfig()).postgresUrl, applicationName: 'pinflow-test' });
    await assert.rejects(openSource(empty), /has no tables pinterest_data, geolocation_data and user_data: start the stack/);
    await empty.close();
  });
});

test('every posted event is in Kafka: pins alone in shape pin, all three kinds in shape topics', async () => {
  const pins = await emulate('--count', '60', '--rate', '500', '--seed', '5', '--quiet');
  assert.equal(pins.code, 0, pins.stderr);
  assert.match(pins.stdout, /^60 events: 60 posted, 60 acked, 0 retried, 0 refused/);
  assert.deepEqual([await recordsOf('pin'), await recordsOf('geo'), await recordsOf('user')], [60, 0, 0]);

  const all = await emulate('--count', '40', '--rate', '500', '--shape', 'topics');
  assert.equal(all.code, 0, all.stderr);
  assert.equal(all.stdout.trimEnd().split('\n').length, 41, 'a line an event and the summary');
  assert.deepEqual([await recordsOf('pin'), await recordsOf('geo'), await recordsOf('user')], [100, 40, 40]);
});

test('--json gives an object a line, and the same seed the same events', async () => {
  const numbers = async (): Promise<unknown[]> => {
    const { stdout } = await emulate('--count', '20', '--rate', '500', '--seed', '9', '--concurrency', '1', '--json');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event?: { ind: number }; summary?: { acked: number } });
    assert.equal(lines.at(-1)?.summary?.acked, 20);
    return lines.slice(0, -1).map(({ event }) => event?.ind);
  };
  assert.deepEqual(await numbers(), await numbers());
});

test('a door that is killed and started again costs no event', async () => {
  const before = await recordsOf('pin');
  const running = emulate('--count', '300', '--rate', '300', '--concurrency', '4', '--quiet');
  await waitFor(async () => (await recordsOf('pin')) > before + 50, { what: 'events to flow' });
  api.child.kill('SIGKILL');
  await api.exited;
  api = startApi(config);
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  const [, acked, retried] = /300 posted, (\d+) acked, (\d+) retried, 0 refused/.exec(stdout) ?? [];
  assert.equal(acked, '300');
  assert.ok(Number(retried) >= 1);
  assert.match(stderr, /cannot be reached|works again/);
  // An event whose ack was lost with the door is sent again: at least, not exactly.
  assert.ok((await recordsOf('pin')) >= before + 300);
});

test('the emulator of npm start posts all three kinds and ends within a second of SIGTERM', async () => {
  const before = await recordsOf('user');
  const child = spawn(process.execPath, ['emulator/main.ts'], {
    env: { ...environmentOf(config), EMULATOR_RATE: '50' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await waitFor(async () => (await recordsOf('user')) > before + 5, { what: 'events to flow' });
  const askedAtMs = performance.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
  assert.ok(performance.now() - askedAtMs < 1_000);
});
