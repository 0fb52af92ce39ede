import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { makeLandingSink } from '#activities/landing/landing-sink.ts';
import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { decodeRawLine } from '#domain/raw-line.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson } from '#test/support/environment.ts';

let environment: Environment;
before(async () => {
  environment = await openEnvironment();
});
after(() => environment.close());

const noon = Date.UTC(2026, 0, 1, 12);

/** Records of one partition from an offset on; `minute` shifts the append time. */
function records(partition: TopicPartition, from: number, count: number, minute = 0): LogRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    ...partition,
    offset: from + index,
    appendTimeMs: noon + minute * 60_000,
    key: Buffer.from(`id-${from + index}`),
    value: Buffer.from(pinJson(`id-${from + index}`)),
    headers: [],
  }));
}

function sink(over: Partial<Parameters<typeof makeLandingSink>[0]> = {}): Sink {
  return makeLandingSink({
    postgres: environment.postgres,
    s3: environment.s3,
    flushBytes: 1e9,
    bufferBytesMax: 1e9,
    flushMs: 1e9,
    ...over,
  });
}

function take(partition: TopicPartition): ReturnType<typeof takePartition> {
  return takePartition(environment.postgres, 'landing', partition, 'test', 0);
}

type RangeRow = { first_offset: number; last_offset: number; state: string; object_key: string };
function ranges({ topic, partition }: TopicPartition): Promise<RangeRow[]> {
  return environment.postgres.query<RangeRow>(
    `SELECT first_offset, last_offset, state, object_key FROM pinflow.landing_range WHERE topic = $1 AND partition = $2 ORDER BY first_offset`,
    [topic, partition],
  );
}

/** Offsets of all records in the landed objects of a partition, in order of the ranges. */
async function landedOffsets(partition: TopicPartition): Promise<number[]> {
  const offsets: number[] = [];
  for (const range of await ranges(partition)) {
    assert.equal(range.state, 'landed');
    const lines = zstdDecompressSync(await environment.s3.get(range.object_key))
      .toString('utf8')
      .trimEnd()
      .split('\n');
    offsets.push(...lines.map((line) => decodeRawLine(line).offset));
  }
  return offsets;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('records land in objects named by their offsets, bytes and all', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 0 };
  const one = sink();
  assert.equal(await one.begin(await take(partition)), 0);
  const sent = records(partition, 0, 3);
  sent[1] = { ...(sent[1] as LogRecord), value: Buffer.from('{"broken'), key: null, headers: [['x', Buffer.from([0xff, 0])]] };
  await one.accept(partition, sent);
  await one.finish(partition);
  const [range] = await ranges(partition);
  assert.ok(range);
  assert.match(range.object_key, /pinterest\.pin\/dt=2026-01-01\/hour=12\/0-0{20}-0{19}2\.ndjson\.zst$/);
  const lines = zstdDecompressSync(await environment.s3.get(range.object_key))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const back = lines.map((line) => decodeRawLine(line));
  assert.deepEqual(
    back.map(({ value }) => value?.toString()),
    sent.map(({ value }) => value?.toString()),
  );
  assert.deepEqual(back[1]?.headers, sent[1].headers);
  assert.deepEqual(one.progress(partition), { ...partition, from: 0, to: 3, rows: 3 });
});

test('an object ends at the size and at the hour', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 1 };
  const one = sink({ flushBytes: 1_200 });
  await one.begin(await take(partition));
  await one.accept(partition, [...records(partition, 0, 5), ...records(partition, 5, 1, 61), ...records(partition, 6, 1, 62)]);
  await one.finish(partition);
  const found = await ranges(partition);
  const hours = found.map(({ object_key }) => /hour=(\d\d)/.exec(object_key)?.[1]);
  assert.ok(found.length >= 3, `${found.length} objects for five records of about 500 B at 1,200 B an object, and two in another hour`);
  assert.deepEqual([hours[0], hours.at(-1)], ['12', '13']);
  assert.deepEqual(await landedOffsets(partition), upTo(7));
});

test('a cut within the buffer ends the object at the next tick', async () => {
  const partition = { topic: environment.names.topicOf('pin'), partition: 2 };
  const one = sink();
  await one.begin(await take(partition));
  await one.accept(partition, records(partition, 0, 4));
  await one.tick(partition);
  assert.deepEqual(await ranges(partition), []);
  await environment.postgres.execute(`INSERT INTO pinflow.cut (at, topic, partition, "offset") VALUES (now(), $1, $2, 2)`, [
    partition.topic,
    partition.partition,
  ]);
  await one.tick(partition);
  assert.deepEqual(await landedOffsets(partition), upTo(4));
});

/** An S3 that fails around the put of a raw object, as a process that dies there would leave it. */
const crashPoints: Record<string, (s3: S3) => S3> = {
  'before the upload': (s3) => ({
    ...s3,
    putIfAbsent: () => Promise.reject(new Failure('unavailable', 'the process died before the upload')),
  }),
  'after the upload, before the landed row': (s3) => ({
    ...s3,
    putIfAbsent: async (key, bytes) => {
      await s3.putIfAbsent(key, bytes);
      throw new Failure('unavailable', 'the process died after the upload');
    },
  }),
};

for (const [where, breakS3] of Object.entries(crashPoints)) {
  test(`a crash ${where}: the next owner lands exactly the fixed range, then goes on`, async () => {
    const partition = { topic: environment.names.topicOf('geo'), partition: Object.keys(crashPoints).indexOf(where) };
    const dying = sink({ s3: breakS3(environment.s3) });
    await dying.begin(await take(partition));
    await dying.accept(partition, records(partition, 0, 10));
    await assert.rejects(dying.finish(partition), /died/);
    assert.deepEqual(
      (await ranges(partition)).map(({ state, last_offset }) => [state, last_offset]),
      [['fixed', 9]],
    );

    const next = sink();
    assert.equal(await next.begin(await take(partition)), 0, 'reading starts at the fixed range, not behind it');
    // The batches of a later read need not end where those of the first did.
    await next.accept(partition, records(partition, 0, 4));
    await next.tick(partition);
    await next.accept(partition, records(partition, 4, 11));
    await next.finish(partition);
    assert.deepEqual(
      (await ranges(partition)).map(({ first_offset, last_offset }) => [first_offset, last_offset]),
      [
        [0, 9],
        [10, 14],
      ],
    );
    assert.deepEqual(await landedOffsets(partition), upTo(15));
  });
}

test('an owner that was overtaken can fix no range', async () => {
  const partition = { topic: environment.names.topicOf('geo'), partition: 2 };
  const old = sink();
  await old.begin(await take(partition));
  await old.accept(partition, records(partition, 0, 5));
  const young = sink();
  await young.begin(await take(partition));
  await young.accept(partition, records(partition, 0, 7));
  await young.finish(partition);
  await assert.rejects(old.finish(partition), { kind: 'fenced' });
  assert.deepEqual(await landedOffsets(partition), upTo(7));
});

test('an object with other records under the same key is refused, not overwritten', async () => {
  const partition = { topic: environment.names.topicOf('user'), partition: 0 };
  const first = sink();
  await first.begin(await take(partition));
  await first.accept(partition, records(partition, 0, 2));
  await first.finish(partition);
  // As if the topic had been created anew: the same offsets again, with other bytes.
  await environment.postgres.execute(`DELETE FROM pinflow.landing_range WHERE topic = $1`, [partition.topic]);
  await environment.postgres.execute(`UPDATE pinflow.checkpoint SET next_offset = 0 WHERE reader = 'landing' AND topic = $1`, [
    partition.topic,
  ]);
  const second = sink();
  await second.begin(await take(partition));
  await second.accept(
    partition,
    records(partition, 0, 2).map((record) => ({ ...record, value: Buffer.from('{"ind":1}') })),
  );
  await assert.rejects(second.finish(partition), { kind: 'check_failed' });
});

test('a fixed range that ends with a gap is landed whole by the next owner, and a range without records needs no object', async () => {
  const partition = { topic: environment.names.topicOf('user'), partition: 1 };
  const dying = sink({ s3: crashPoints['before the upload']!(environment.s3) });
  await dying.begin(await take(partition));
  // Records at 1 to 3; 0 and 4 hold none.
  await dying.accept(partition, records(partition, 1, 3), 5);
  await assert.rejects(dying.finish(partition), /died/);
  const next = sink();
  assert.equal(await next.begin(await take(partition)), 0);
  await next.accept(partition, records(partition, 1, 3));
  await next.accept(partition, records(partition, 6, 2), 9);
  await next.finish(partition);
  await next.accept(partition, [], 12);
  await next.finish(partition);
  assert.deepEqual(
    await environment.postgres.query(
      `SELECT first_offset, last_offset, records, gaps::text AS gaps, state, object_key IS NULL AS bare FROM pinflow.landing_range
       WHERE topic = $1 AND partition = $2 ORDER BY first_offset`,
      [partition.topic, partition.partition],
    ),
    [
      { first_offset: 0, last_offset: 4, records: 3, gaps: '{[0,1),[4,5)}', state: 'landed', bare: false },
      { first_offset: 5, last_offset: 8, records: 2, gaps: '{[5,6),[8,9)}', state: 'landed', bare: false },
      { first_offset: 9, last_offset: 11, records: 0, gaps: '{[9,12)}', state: 'landed', bare: true },
    ],
  );
  assert.deepEqual(next.progress(partition), { ...partition, from: 0, to: 12, rows: 5 });
});
