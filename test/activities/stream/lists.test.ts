import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { takePartition } from '#activities/reader/checkpoints.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';

const { environment, cleaner, close } = await openStream();
after(close);

/** Sinks one record a value, in one batch. */
async function sink(kind: Kind, values: readonly string[]): Promise<void> {
  const { postgres, names } = environment;
  const partition = { topic: names.topicOf(kind), partition: 100 };
  const one = makeStreamSink({ postgres, names, cleaner, statements: makeSinkStatements(), batchRows: 1_000 });
  await one.begin(await takePartition(postgres, 'stream', partition, 'test', 0));
  const records = values.map((value, offset) => ({
    ...partition,
    offset,
    appendTimeMs: Date.UTC(2026, 0, 1) + offset,
    key: null,
    value: Buffer.from(value),
    headers: [],
  }));
  await one.accept(partition, records);
}

test('coordinates are latitude and longitude to the last bit, and NULL unless both are there', async () => {
  const places = [
    [5, 6],
    [-89.9787, -173.293],
    ['1e-7', 0.1],
    [1 / 3, -180],
    ['-0', '-0.0'],
    ['-1e-400', 5e-324],
  ];
  const values = [...places.map(([latitude, longitude]) => ({ latitude, longitude })), { latitude: 5 }, { longitude: 6 }, { country: 'c' }];
  await sink(
    'geo',
    values.map((value, ind) => JSON.stringify({ ind, ...value })),
  );
  const rows = await environment.postgres.query<{ found: string | null; latitude: string | null; longitude: string | null }>(
    'SELECT coordinates::text AS found, latitude::text, longitude::text FROM public.geo ORDER BY ind',
  );
  assert.equal(rows.length, values.length);
  for (const { found, latitude, longitude } of rows)
    assert.equal(found, latitude === null || longitude === null ? null : `{${latitude},${longitude}}`);
  assert.deepEqual(
    rows.slice(0, 5).map(({ found }) => found),
    ['{5,6}', '{-89.9787,-173.293}', '{1e-07,0.1}', '{0.3333333333333333,-180}', '{0,0}'],
  );
});

test('tags are stored as they are, whatever they are made of', async () => {
  const tags = ['a', ' b ', '"', '\\', '{c}', '[d]', 'NULL', "'", '\n', '\u00e9\ud83d\ude80'];
  await sink('pin', [pinJson('tagged', { tag_list: tags.join(',') }), pinJson('tagless', { tag_list: ',' })]);
  assert.deepEqual(await environment.postgres.query('SELECT tag_list FROM public.experimental_data ORDER BY unique_id'), [
    { tag_list: tags.filter((tag) => tag.trim() !== '') },
    { tag_list: null },
  ]);
});
