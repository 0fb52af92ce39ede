import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { advanceOver, advanceCheckpoint, releasePartitions, takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { deathsMax } from '#activities/stream/careful.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import { callerEnvironment } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import type { TopicPartition } from '#domain/terms.ts';
import type { DyingJob } from '#test/activities/stream/dying-reader.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson } from '#test/support/environment.ts';

let environment: Environment;
before(async () => {
  environment = await openEnvironment();
});
after(() => environment.close());

const livesMax = 12;

/** Starts the reader's process again whenever it died, as a supervisor does. Gives how often it died, and how it ended. */
async function live(job: Omit<DyingJob, 'postgresUrl' | 'prefix'>, lives = livesMax): Promise<{ deaths: number; code: number | null }> {
  const { postgresUrl, prefix } = environment.config;
  for (let deaths = 0; ; deaths++) {
    const child = spawn(process.execPath, [fileURLToPath(new URL('dying-reader.ts', import.meta.url))], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { UV_THREADPOOL_SIZE: '4', TZ: 'UTC', NODE_COMPILE_CACHE: callerEnvironment()['NODE_COMPILE_CACHE'] },
    });
    child.stdin.end(JSON.stringify({ postgresUrl, prefix, ...job } satisfies DyingJob));
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (signal === null || deaths + 1 === lives) return { deaths: signal === null ? deaths : deaths + 1, code };
  }
}

const query = (sql: string, { topic, partition }: TopicPartition): Promise<Record<string, unknown>[]> =>
  environment.postgres.query(sql, [topic, partition]);
const deadLetters = (partition: TopicPartition): Promise<Record<string, unknown>[]> =>
  query(`SELECT "offset", reason, value FROM pinflow.dead_letter WHERE topic = $1 AND partition = $2`, partition);
const checkpoint = async (partition: TopicPartition): Promise<Record<string, unknown> | undefined> =>
  (
    await query(
      `SELECT next_offset, deaths, problem FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = $2`,
      partition,
    )
  )[0];

test('a record that kills the process is found after some deaths and buried with its bytes; the others are applied once', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 100 };
  const values = Array.from({ length: 70 }, (_, i) => pinJson(`death-${i}`, { category: 'death', title: i === 37 ? 'kills' : 'fine' }));
  const { deaths, code } = await live({ partition, values, kills: 'kills' });
  // The batch twice, all of it with care, a part of it, and the record alone.
  assert.deepEqual([deaths, code], [4 + deathsMax, 0]);
  assert.deepEqual(await deadLetters(partition), [{ offset: 37, reason: 'crashes_cleaning', value: Buffer.from(values[37]!) }]);
  assert.deepEqual(
    await query(
      `SELECT sum(applied)::int AS applied, sum(dead)::int AS dead, sum(last_offset - first_offset + 1)::int AS records FROM pinflow.stream_batch WHERE topic = $1 AND partition = $2`,
      partition,
    ),
    [{ applied: 69, dead: 1, records: 70 }],
  );
  assert.deepEqual(await environment.postgres.query(`SELECT pins FROM metrics.category_per_minute WHERE category = 'death'`), [
    { pins: 69 },
  ]);
  assert.deepEqual(await checkpoint(partition), { next_offset: 70, deaths: 0, problem: null });
  assert.deepEqual(await query('SELECT 1 FROM pinflow.clean_try WHERE topic = $1 AND partition = $2', partition), []);
});

test('where every record kills the process no record is blamed: the checkpoint holds and says so', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 101 };
  const values = [0, 1, 2].map((i) => pinJson(`all-${i}`));
  // Every value holds it, the sample's too.
  const { deaths, code } = await live({ partition, values, kills: 'unique_id' }, deathsMax + 3);
  assert.deepEqual([deaths, code], [deathsMax + 3, null]);
  assert.deepEqual(await deadLetters(partition), []);
  const { next_offset, problem } = (await checkpoint(partition))!;
  assert.equal(next_offset, 0);
  assert.match(String(problem), /processes in a row ended in the middle of their work at offset 0/);
});

test('only owners that are gone without a word count as deaths, and only until the checkpoint moves', async () => {
  const { postgres, names } = environment;
  const partition = { topic: names.topicOf('pin'), partition: 102 };
  const take = () => takePartition(postgres, 'stream', partition, 'test', 0);
  const heldBy = (name: string) =>
    postgres.execute(`UPDATE pinflow.checkpoint SET held_by = $3 WHERE topic = $1 AND partition = $2`, [
      partition.topic,
      partition.partition,
      name,
    ]);
  // An outage: attempts of one process fail one after the other, and cannot even say so.
  for (let attempt = 0; attempt < 5; attempt++) assert.equal((await take()).deaths, 0);
  await releasePartitions(postgres, 'stream', [await take()]);
  assert.equal((await take()).deaths, 0);
  await heldBy('another process');
  assert.equal((await take()).deaths, 1);
  await releasePartitions(postgres, 'stream', [await take()]);
  assert.equal((await take()).deaths, 1, 'a pause in between forgets nothing');
  await heldBy('a third process');
  const owned = await take();
  assert.equal(owned.deaths, 2);
  await postgres.transaction((statements) =>
    advanceCheckpoint(statements, 'stream', owned, advanceOver(0, [{ offset: 0, appendTimeMs: 0 }])),
  );
  assert.equal((await take()).deaths, 0);
});

test('an outage in the middle of careful tries blames no record', async () => {
  const { postgres, names } = environment;
  const partition = { topic: names.topicOf('pin'), partition: 103 };
  const values = [0, 1].map((offset) => ({
    ...partition,
    offset,
    appendTimeMs: 0,
    key: null,
    value: Buffer.from(pinJson(`outage-${offset}`)),
    headers: [],
  }));
  const cleaner = await makeStreamCleaner({ lanesMax: 1 });
  const begun = async (over: Partial<Postgres> = {}): Promise<Sink> => {
    const sink = makeStreamSink({ postgres: { ...postgres, ...over }, names, cleaner, statements: makeSinkStatements(), batchRows: 1_000 });
    await sink.begin(await takePartition(postgres, 'stream', partition, 'test', 0));
    return sink;
  };
  await takePartition(postgres, 'stream', partition, 'test', 0);
  // As left by a process that died of the first record alone, once less than it takes to be blamed.
  await postgres.execute(`UPDATE pinflow.checkpoint SET held_by = 'gone' WHERE topic = $1 AND partition = 103`, [partition.topic]);
  await postgres.execute(
    `INSERT INTO pinflow.clean_try (topic, partition, first_offset, last_offset, deaths, process) VALUES ($1, 103, 0, 0, $2, 'gone')`,
    [partition.topic, deathsMax - 2],
  );
  const down = { transaction: () => Promise.reject(new Failure('unavailable', 'Postgres is away')) };
  for (let attempt = 0; attempt < 4; attempt++)
    await assert.rejects((await begun(down)).accept(partition, values), { kind: 'unavailable' });
  await (await begun()).accept(partition, values);
  cleaner.close();
  assert.deepEqual(await deadLetters(partition), []);
  assert.deepEqual(await checkpoint(partition), { next_offset: 2, deaths: 0, problem: null });
});
