import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';

const { environment, cleaner, close } = await openStream({ lanesMax: 1 });
after(close);

async function begun(partition: TopicPartition): Promise<Sink> {
  const { postgres, names } = environment;
  const sink = makeStreamSink({ postgres, names, cleaner, statements: makeSinkStatements(), batchRows: 1_000 });
  await sink.begin(await takePartition(postgres, 'stream', partition, 'test', 0));
  return sink;
}
const record = (partition: TopicPartition, offset: number): LogRecord => ({
  ...partition,
  offset,
  appendTimeMs: Date.UTC(2026, 0, 1),
  key: null,
  value: Buffer.from(pinJson(`gap-${partition.partition}-${offset}`)),
  headers: [],
});
const accounts = ({ topic, partition }: TopicPartition): Promise<Record<string, unknown>[]> =>
  environment.postgres.query(
    `SELECT first_offset AS first, last_offset AS last, applied, gaps::text AS gaps FROM pinflow.stream_batch
     WHERE topic = $1 AND partition = $2 ORDER BY 1`,
    [topic, partition],
  );

test('offsets without a record are gathered: they cost no transaction each, and go with the next records', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 100 };
  const sink = await begun(partition);
  await sink.accept(partition, [record(partition, 0)], 1);
  // As a compacted tail comes: offset by offset.
  for (let to = 2; to <= 50; to++) await sink.accept(partition, [], to);
  assert.equal(sink.progress(partition).to, 1, 'only what is durable counts');
  await sink.accept(partition, [record(partition, 50), record(partition, 52)], 54);
  await sink.finish(partition);
  assert.deepEqual(await accounts(partition), [
    { first: 0, last: 0, applied: 1, gaps: '{}' },
    { first: 1, last: 52, applied: 2, gaps: '{[1,50),[51,52)}' },
    { first: 53, last: 53, applied: 0, gaps: '{[53,54)}' },
  ]);
  assert.deepEqual(sink.progress(partition), { ...partition, from: 0, to: 54, rows: 3 });
});

test('where no record follows they are passed at the next tick, once', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 101 };
  const sink = await begun(partition);
  await sink.accept(partition, [], 3);
  await sink.accept(partition, [], 7);
  await sink.tick(partition);
  await sink.tick(partition);
  await sink.finish(partition);
  assert.deepEqual(await accounts(partition), [{ first: 0, last: 6, applied: 0, gaps: '{[0,7)}' }]);
  assert.equal((await takePartition(environment.postgres, 'stream', partition, 'test', 0)).nextOffset, 7);
});
