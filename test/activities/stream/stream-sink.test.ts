import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import type { StreamSinkOptions } from '#activities/stream/stream-sink.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { listValue } from '@duckdb/node-api';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeLastingCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';
import { cleanerThatDies } from '#test/activities/stream/dying-cleaner.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';

const { environment, cleaner, close } = await openStream();
after(close);

const noon = Date.UTC(2026, 0, 1, 12);
let nextPartition = 100;
/** A partition of a test's own; the sink does not ask Kafka. */
const pinPartition = (): TopicPartition => ({ topic: environment.names.topicOf('pin'), partition: nextPartition++ });

function record(partition: TopicPartition, offset: number, value: string, minute = 0): LogRecord {
  return {
    ...partition,
    offset,
    appendTimeMs: noon + minute * 60_000,
    key: null,
    value: Buffer.from(value),
    headers: [['event-id', Buffer.from(`e${offset}`)]],
  };
}

async function begun(partition: TopicPartition, over: Partial<StreamSinkOptions> = {}): Promise<Sink> {
  const { postgres, names } = environment;
  const one = makeStreamSink({ postgres, names, cleaner, statements: makeSinkStatements(), batchRows: 1_000, ...over });
  await one.begin(await takePartition(environment.postgres, 'stream', partition, 'test', 0));
  return one;
}

const query = (sql: string, parameters: unknown[] = []): Promise<Record<string, unknown>[]> => environment.postgres.query(sql, parameters);
const outcome = async ({ topic, partition }: TopicPartition): Promise<unknown> =>
  (
    await query(
      `SELECT sum(applied)::int AS applied, sum(superseded)::int AS superseded, sum(unchanged)::int AS unchanged, sum(rejected)::int AS rejected, sum(dead)::int AS dead FROM pinflow.stream_batch WHERE topic = $1 AND partition = $2`,
      [topic, partition],
    )
  )[0];
const minutes = (category: string): Promise<Record<string, unknown>[]> =>
  query(`SELECT window_start, pins FROM metrics.category_per_minute WHERE category = $1 ORDER BY 1`, [category]);
const profile = async (poster: string): Promise<unknown> =>
  (await query(`SELECT follower_count, posts FROM metrics.profile_popularity WHERE poster_name = $1`, [poster]))[0];

test('a batch becomes rows, rejects, metrics and one account of all its records', async () => {
  const partition = pinPartition();
  const one = await begun(partition);
  await one.accept(partition, [
    record(partition, 0, pinJson('one-a', { category: 'one', poster_name: 'One', follower_count: '2k' })),
    record(partition, 1, '{"broken'),
    record(partition, 2, pinJson('one-b', { category: 'one', poster_name: 'One', follower_count: '3k' })),
    record(partition, 3, pinJson('one-a', { category: 'one', poster_name: 'One', follower_count: '2k', title: 'newer' })),
  ]);
  assert.deepEqual(await outcome(partition), { applied: 2, superseded: 1, unchanged: 0, rejected: 1, dead: 0 });
  assert.deepEqual(
    await query(
      `SELECT unique_id, title, tag_list, save_location, "offset", first_offset, event_id FROM experimental_data WHERE category = 'one' ORDER BY 1`,
    ),
    [
      {
        unique_id: 'one-a',
        title: 'newer',
        tag_list: ['One', 'Two'],
        save_location: '/data/art',
        offset: 3,
        first_offset: 0,
        event_id: 'e3',
      },
      {
        unique_id: 'one-b',
        title: 'Ten ideas',
        tag_list: ['One', 'Two'],
        save_location: '/data/art',
        offset: 2,
        first_offset: 2,
        event_id: 'e2',
      },
    ],
  );
  assert.deepEqual(await query(`SELECT "offset", reason, value FROM pinflow.stream_reject WHERE partition = $1`, [partition.partition]), [
    { offset: 1, reason: 'malformed_json', value: Buffer.from('{"broken') },
  ]);
  assert.deepEqual(await minutes('one'), [{ window_start: new Date(noon), pins: 2 }]);
  assert.deepEqual(await profile('One'), { follower_count: 3000, posts: 2 });
});

test('an event sent again moves no metric; a changed one corrects in place', async () => {
  const partition = pinPartition();
  const one = await begun(partition);
  const pin = (over = {}): string => pinJson('two', { category: 'two', poster_name: 'Two', follower_count: '1k', ...over });
  await one.accept(partition, [record(partition, 0, pin())]);
  await one.accept(partition, [record(partition, 1, pin(), 5)]);
  assert.deepEqual(await outcome(partition), { applied: 1, superseded: 0, unchanged: 1, rejected: 0, dead: 0 });
  assert.deepEqual(await minutes('two'), [{ window_start: new Date(noon), pins: 1 }]);
  await one.accept(partition, [record(partition, 2, pin({ category: 'two-changed', poster_name: 'Two B', follower_count: '9k' }), 9)]);
  assert.deepEqual(await minutes('two'), []);
  assert.deepEqual(await minutes('two-changed'), [{ window_start: new Date(noon), pins: 1 }]);
  assert.equal(await profile('Two'), undefined);
  assert.deepEqual(await profile('Two B'), { follower_count: 9000, posts: 1 });
});

test('a commit whose answer is lost is not applied a second time', async () => {
  const partition = pinPartition();
  const lossy: Postgres = {
    ...environment.postgres,
    transaction: async (work) => {
      await environment.postgres.transaction(work);
      throw new Error('the connection broke after the commit');
    },
  };
  const first = await begun(partition, { postgres: lossy });
  await assert.rejects(first.accept(partition, [record(partition, 0, pinJson('three', { category: 'three' }))]), /broke after/);
  const owned = await takePartition(environment.postgres, 'stream', partition, 'test', 0);
  assert.equal(owned.nextOffset, 1, 'the next attempt sees that it happened');
  assert.deepEqual(await minutes('three'), [{ window_start: new Date(noon), pins: 1 }]);
});

test('an owner that was overtaken writes nothing', async () => {
  const partition = pinPartition();
  const old = await begun(partition);
  const young = await begun(partition);
  await assert.rejects(old.accept(partition, [record(partition, 0, pinJson('four-old', { category: 'four' }))]), { kind: 'fenced' });
  await young.accept(partition, [record(partition, 0, pinJson('four', { category: 'four' }))]);
  assert.deepEqual(await query(`SELECT unique_id FROM experimental_data WHERE category = 'four'`), [{ unique_id: 'four' }]);
});

test('only the record that Postgres refuses for good becomes a dead letter', async () => {
  const partition = pinPartition();
  await environment.postgres.execute(`ALTER TABLE experimental_data ADD CONSTRAINT no_bombs CHECK (title <> 'bomb')`);
  const one = await begun(partition);
  await one.accept(
    partition,
    Array.from({ length: 9 }, (_, index) =>
      record(partition, index, pinJson(`five-${index}`, { category: 'five', title: index === 6 ? 'bomb' : 'fine' })),
    ),
  );
  assert.deepEqual(await outcome(partition), { applied: 8, superseded: 0, unchanged: 0, rejected: 0, dead: 1 });
  assert.deepEqual(
    await query(`SELECT "offset", reason, sqlstate, state FROM pinflow.dead_letter WHERE partition = $1`, [partition.partition]),
    [{ offset: 6, reason: 'refused_by_sink', sqlstate: '23514', state: 'open' }],
  );
  assert.deepEqual(await minutes('five'), [{ window_start: new Date(noon), pins: 8 }]);
  assert.deepEqual(one.progress(partition), { ...partition, from: 0, to: 9, rows: 9 });
});

test('an outage of Postgres is no reason for a dead letter', async () => {
  const partition = pinPartition();
  const down: Postgres = {
    ...environment.postgres,
    transaction: () =>
      environment.postgres.transaction((statements) => statements.query(`SELECT pg_terminate_backend(pg_backend_pid())`) as never),
  };
  const one = await begun(partition, { postgres: down });
  await assert.rejects(one.accept(partition, [record(partition, 0, pinJson('six', { category: 'six' }))]), { kind: 'unavailable' });
  assert.equal(
    await outcome(partition).then((row) => JSON.stringify(row)),
    JSON.stringify({ applied: null, superseded: null, unchanged: null, rejected: null, dead: null }),
  );
});

/** A cleaner that also runs a statement over the values: DuckDB itself says what is wrong with it. */
function cleanerThatRuns(sql: string): Promise<StreamCleaner> {
  return makeLastingCleaner(async () => {
    const duckdb = await openDuckdb({ threads: 1, memoryLimit: '100MB' });
    return {
      async clean(kind, records) {
        await duckdb.rows(sql, [listValue(records.map(({ value }) => value!.toString('utf8')))]);
        return cleaner.clean(kind, records);
      },
      close: () => duckdb.close(),
    };
  });
}

test('only the record that cleaning refuses for good becomes a dead letter', async () => {
  const partition = pinPartition();
  const refusing = await cleanerThatRuns(`SELECT (json->>'index')::INTEGER FROM (SELECT unnest($1::VARCHAR[])::JSON AS json)`);
  const one = await begun(partition, { cleaner: refusing });
  await one.accept(
    partition,
    Array.from({ length: 5 }, (_, index) =>
      record(partition, index, pinJson(`eight-${index}`, { category: 'eight', index: index === 3 ? 'none' : index })),
    ),
  );
  refusing.close();
  assert.deepEqual(await outcome(partition), { applied: 4, superseded: 0, unchanged: 0, rejected: 0, dead: 1 });
  assert.deepEqual(await query(`SELECT "offset", reason, sqlstate FROM pinflow.dead_letter WHERE partition = $1`, [partition.partition]), [
    { offset: 3, reason: 'refused_by_cleaning', sqlstate: null },
  ]);
});

test('a fault of our own SQL costs no record: the checkpoint holds until it is mended', async () => {
  const faults: [what: string, sql: string][] = [
    ['an unknown column', 'SELECT nothing, $1::VARCHAR[]'],
    ['a missing function', 'SELECT nothing($1::VARCHAR[])'],
    ['text that is no SQL', 'SELEC $1::VARCHAR[]'],
    ['what the engine does not have', `SELECT TIMESTAMP '2020-01-01' AT TIME ZONE v FROM (SELECT unnest($1::VARCHAR[]) AS v)`],
  ];
  const partition = pinPartition();
  const records = [0, 1].map((offset) => record(partition, offset, pinJson(`nine-${offset}`, { category: 'nine' })));
  const untouched = { applied: null, superseded: null, unchanged: null, rejected: null, dead: null };
  for (const [what, sql] of faults) {
    const broken = await cleanerThatRuns(sql);
    const one = await begun(partition, { cleaner: broken });
    await assert.rejects(one.accept(partition, records), { kind: 'fault' }, what);
    broken.close();
    assert.deepEqual(await outcome(partition), untouched, what);
  }
  // The same in Postgres: a column that the sink's statement names is not there.
  await environment.postgres.execute('ALTER TABLE experimental_data RENAME COLUMN title TO heading');
  const stopped = await begun(partition);
  try {
    await assert.rejects(stopped.accept(partition, records), { kind: 'fault', message: /column "title".*42703/ });
  } finally {
    await environment.postgres.execute('ALTER TABLE experimental_data RENAME COLUMN heading TO title');
  }
  assert.deepEqual(await outcome(partition), untouched);
  const mended = await begun(partition);
  await mended.accept(partition, records);
  assert.deepEqual(await outcome(partition), { ...untouched, applied: 2, superseded: 0, unchanged: 0, rejected: 0, dead: 0 });
  assert.deepEqual(await query('SELECT 1 FROM pinflow.dead_letter WHERE partition = $1', [partition.partition]), []);
});

test('a record that the engine dies of is found and buried with its bytes; the others are applied, by new engines', async () => {
  const partition = pinPartition();
  const bomb = pinJson('ten-5', { category: 'ten', title: 'kills' });
  const one = await begun(partition, { cleaner: await cleanerThatDies(cleaner, ({ value }) => value!.includes('kills')) });
  await one.accept(
    partition,
    Array.from({ length: 9 }, (_, index) => record(partition, index, index === 5 ? bomb : pinJson(`ten-${index}`, { category: 'ten' }))),
  );
  assert.deepEqual(await outcome(partition), { applied: 8, superseded: 0, unchanged: 0, rejected: 0, dead: 1 });
  assert.deepEqual(
    await query(`SELECT "offset", reason, sqlstate, state, value FROM pinflow.dead_letter WHERE partition = $1`, [partition.partition]),
    [{ offset: 5, reason: 'crashes_cleaning', sqlstate: null, state: 'open', value: Buffer.from(bomb) }],
  );
  await one.accept(partition, [record(partition, 9, pinJson('ten-9', { category: 'ten' }))]);
  assert.deepEqual(await minutes('ten'), [{ window_start: new Date(noon), pins: 9 }]);
});

test('an engine that dies of every record blames none: that is a fault, and the checkpoint holds', async () => {
  const partition = pinPartition();
  const one = await begun(partition, { cleaner: await cleanerThatDies(cleaner, () => true) });
  const records = [0, 1, 2].map((offset) => record(partition, offset, pinJson(`eleven-${offset}`, { category: 'eleven' })));
  await assert.rejects(one.accept(partition, records), { kind: 'fault', message: /known to be good/ });
  assert.deepEqual(one.progress(partition), { ...partition, from: 0, to: 0, rows: 0 });
  assert.deepEqual(await query('SELECT 1 FROM pinflow.dead_letter WHERE partition = $1', [partition.partition]), []);
});

test('content and position go by append time before offset, in one batch as over two', async () => {
  for (const batches of [1, 2]) {
    const partition = pinPartition();
    const one = await begun(partition);
    const id = `seven-${batches}`;
    // The broker's clock stepped back: the later offset carries the earlier time.
    const records = [
      record(partition, 0, pinJson(id, { title: 'stamped later' }), 5),
      record(partition, 1, pinJson(id, { title: 'stamped earlier' }), 1),
    ];
    for (const batch of batches === 1 ? [records] : records.map((single) => [single])) await one.accept(partition, batch);
    assert.deepEqual(await query(`SELECT title, "offset", first_offset FROM experimental_data WHERE unique_id = $1`, [id]), [
      { title: 'stamped later', offset: 0, first_offset: 1 },
    ]);
  }
});
