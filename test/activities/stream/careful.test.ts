import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { takePartition } from '#activities/reader/positions.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import type { TopicPartition } from '#domain/terms.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';

const { environment, cleaner, close } = await openStream({ lanesMax: 1 });
after(close);

const problemOf = async ({ topic, partition }: TopicPartition): Promise<unknown> =>
  (
    await environment.postgres.query(`SELECT problem FROM pinflow.position WHERE reader = 'stream' AND topic = $1 AND partition = $2`, [
      topic,
      partition,
    ])
  )[0]?.['problem'];

/** Takes a partition whose owners died so often in a row, into a sink that tells what the status says while it cleans. */
async function takenAfter(deaths: number, partition: TopicPartition, said: unknown[]): Promise<Sink> {
  const { postgres, names } = environment;
  await takePartition(postgres, 'stream', partition, 'test', 0);
  await postgres.execute(`UPDATE pinflow.position SET held_by = 'gone', deaths = $3 WHERE topic = $1 AND partition = $2`, [
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
