import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { deathsMax } from '#activities/stream/careful.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { Failure } from '#domain/failures.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';

const { environment, cleaner, close } = await openStream({ lanesMax: 1 });
after(close);

const problemOf = async ({ topic, partition }: TopicPartition): Promise<unknown> =>
  (
    await environment.postgres.query(`SELECT problem FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = $2`, [
      topic,
      partition,
    ])
  )[0]?.['problem'];

/** Takes a partition whose owners died so often in a row, into a sink that tells what the status says while it cleans. */
async function takenAfter(deaths: number, partition: TopicPartition, said: unknown[]): Promise<Sink> {
  const { postgres, names } = environment;
  await takePartition(postgres, 'stream', partition, 'test', 0);
  await postgres.execute(`UPDATE pinflow.checkpoint SET held_by = 'gone', deaths = $3 WHERE topic = $1 AND partition = $2`, [
    partition.topic,
    partition.partition,
    deaths - 1,
  ]);
  const listening: StreamCleaner['alone'] = (work) =>
    cleaner.alone((alone) =>
      work({
        ...alone,
        async clean(kind, records) {
          said.push(await problemOf(partition));
          return alone.clean(kind, records);
        },
      }),
    );
  const options = { postgres, names, cleaner: { ...cleaner, alone: listening }, statements: makeSinkStatements(), batchRows: 1_000 };
  const sink = makeStreamSink(options);
  const owned = await takePartition(postgres, 'stream', partition, 'test', 0);
  assert.equal(owned.deaths, deaths);
  await sink.begin(owned);
  return sink;
}

test('a partition without records whose processes were killed does not stand still; what is tried with care later says so', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 100 };
  const said: unknown[] = [];
  const sink = await takenAfter(3, partition, said);
  await sink.tick(partition);
  assert.equal(await problemOf(partition), null, 'there is nothing to read');
  const record = { ...partition, offset: 0, appendTimeMs: 0, key: null, value: Buffer.from(pinJson('careful')), headers: [] };
  await sink.accept(partition, [record]);
  assert.equal(said.length, 1);
  assert.match(String(said[0]), /^3 processes in a row ended in the middle of their work at offset 0\./);
  assert.equal(await problemOf(partition), null, 'it moved on');
  const next = await takePartition(environment.postgres, 'stream', partition, 'test', 0);
  assert.equal(next.deaths, 0);
});

/** One life of a process: it takes the partition and applies what is left, unless the record at `deadly` ends it. */
async function live(partition: TopicPartition, records: LogRecord[], deadly: number): Promise<'done' | 'died'> {
  const { postgres, names } = environment;
  // As an outage, it leaves the try noted; what is left to the end of the process is who noted it.
  const unlessDeadly = async (cleaning: readonly LogRecord[]): Promise<void> => {
    if (cleaning.some(({ offset, topic }) => topic === partition.topic && offset === deadly)) throw new Failure('unavailable', gone);
  };
  const clean: StreamCleaner['clean'] = (kind, batch) => unlessDeadly(batch).then(() => cleaner.clean(kind, batch));
  const mortal: StreamCleaner = { ...cleaner, clean, alone: (work) => work(mortal) };
  const sink = makeStreamSink({ postgres, names, cleaner: mortal, statements: makeSinkStatements(), batchRows: 1_000 });
  const owned = await takePartition(postgres, 'stream', partition, 'test', 0);
  await sink.begin(owned);
  try {
    await sink.accept(
      partition,
      records.filter(({ offset }) => offset >= owned.nextOffset),
    );
    return 'done';
  } catch (error) {
    assert.equal((error as Error).message, gone);
    const { topic, partition: number } = partition;
    for (const [table, holder] of [
      ['checkpoint', 'held_by'],
      ['clean_try', 'process'],
    ])
      await postgres.execute(`UPDATE pinflow.${table} SET ${holder} = $3 WHERE topic = $1 AND partition = $2`, [topic, number, gone]);
    return 'died';
  }
}
const gone = 'a process that is gone';

/** The batch twice; with care all of it, an eighth, an eighth of that, and then the record alone. */
const deathsInAll = 5 + deathsMax;

for (const [i, apart] of [1, 9, 200].entries()) {
  test(`a record that kills is found where ${apart === 1 ? 'no offset lacks a record' : `a record has ${apart} offsets`}`, async () => {
    const partition = { topic: environment.names.topicOf('pin'), partition: 101 + i };
    const value = (at: number): Buffer => Buffer.from(pinJson(`sparse-${apart}-${at}`));
    const common = { ...partition, appendTimeMs: 0, key: null, headers: [] };
    const records = Array.from({ length: 512 }, (_, at) => ({ ...common, offset: at * apart, value: value(at) }));
    const deadly = records[333]!.offset;
    let deaths = 0;
    while ((await live(partition, records, deadly)) === 'died') assert.ok(++deaths <= deathsInAll, `it killed ${deaths} times`);
    assert.equal(deaths, deathsInAll);
    const read = (sql: string) => environment.postgres.query(`${sql} WHERE topic = $1 AND partition = $2`, [partition.topic, 101 + i]);
    assert.deepEqual(await read('SELECT "offset", reason FROM pinflow.dead_letter'), [{ offset: deadly, reason: 'crashes_cleaning' }]);
    assert.deepEqual(await read('SELECT sum(applied)::int AS applied FROM pinflow.stream_batch'), [{ applied: 511 }]);
  });
}
