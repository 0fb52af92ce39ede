import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { listValue } from '@duckdb/node-api';
import { takePartition } from '#activities/reader/checkpoints.ts';
import type { Sink } from '#activities/reader/sink.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { openDuckdb } from '#adapters/duckdb/connection.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeLastingCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { domainSql } from '#adapters/duckdb/sql-files.ts';
import { categoryPerMinute } from '#domain/metrics/category-per-minute/metric.ts';
import { streamTableName } from '#domain/metrics/stream-table.ts';
import { sampleRecord } from '#domain/sample-record.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';
import { kinds } from '#domain/kinds/list.ts';
import { openStream } from '#test/activities/stream/open-stream.ts';
import { pinJson } from '#test/support/environment.ts';

const { environment, cleaner, close } = await openStream();
after(close);

let nextPartition = 100;
const pinPartition = (): TopicPartition => ({ topic: environment.names.topicOf('pin'), partition: nextPartition++ });
const record = (partition: TopicPartition, offset: number, value: string): LogRecord => ({
  ...partition,
  offset,
  appendTimeMs: Date.UTC(2026, 0, 1, 12),
  key: null,
  value: Buffer.from(value),
  headers: [],
});
const pins = (partition: TopicPartition, count: number, titleOf: (i: number) => string = () => 'fine'): LogRecord[] =>
  Array.from({ length: count }, (_, i) => record(partition, i, pinJson(`${partition.partition}-${i}`, { title: titleOf(i) })));

async function begun(partition: TopicPartition, cleaning: StreamCleaner = cleaner): Promise<Sink> {
  const { postgres, names } = environment;
  const sink = makeStreamSink({ postgres, names, cleaner: cleaning, statements: makeSinkStatements(), batchRows: 1_000 });
  await sink.begin(await takePartition(postgres, 'stream', partition, 'test', 0));
  return sink;
}

async function account({ topic, partition }: TopicPartition): Promise<unknown> {
  const [row] = await environment.postgres.query(
    `SELECT coalesce(sum(applied), 0)::int AS applied, coalesce(sum(rejected), 0)::int AS rejected, coalesce(sum(dead), 0)::int AS dead,
       (SELECT count(*)::int FROM pinflow.dead_letter WHERE topic = $1 AND partition = $2) AS letters,
       (SELECT next_offset FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = $2) AS next
     FROM pinflow.stream_batch WHERE topic = $1 AND partition = $2`,
    [topic, partition],
  );
  return row;
}
const untouched = { applied: 0, rejected: 0, dead: 0, letters: 0, next: 0 };

/** A cleaner that also runs a statement over the values, and tells how often the sample came by. */
async function cleanerThatRuns(sql: string): Promise<StreamCleaner & { samples: () => number }> {
  let samples = 0;
  const sample = sampleRecord('pin').value!;
  const made = await makeLastingCleaner(async () => {
    const duckdb = await openDuckdb({ threads: 1, memoryLimit: '100MB' });
    return {
      async clean(kind, records) {
        if (records.some(({ value }) => sample.equals(value!))) samples++;
        await duckdb.rows(sql, [listValue(records.map(({ value }) => value!.toString('utf8')))]);
        return cleaner.clean(kind, records);
      },
      close: () => duckdb.close(),
    };
  });
  return { ...made, samples: () => samples };
}

describe('what refuses every record blames none: that is a fault, nothing is buried, and the checkpoint holds', () => {
  const casts: [what: string, sql: string][] = [
    ['a cast that no value survives', `SELECT (json->>'index')::DATE FROM (SELECT unnest($1::VARCHAR[])::JSON AS json)`],
    ['a number beyond its type', `SELECT (999 + (json->>'index')::INTEGER)::TINYINT FROM (SELECT unnest($1::VARCHAR[])::JSON AS json)`],
  ];
  for (const [what, sql] of casts) {
    test(`cleaning: ${what}`, async () => {
      const partition = pinPartition();
      const broken = await cleanerThatRuns(sql);
      const sink = await begun(partition, broken);
      await assert.rejects(sink.accept(partition, pins(partition, 5)), { kind: 'fault', message: /^Not even a pin .* can be cleaned/ });
      broken.close();
      assert.deepEqual(await account(partition), untouched);
    });
  }

  const minutes = streamTableName(categoryPerMinute, domainSql);
  const refusesSample = /^Not even a pin .* can be written: .*SQLSTATE 235(02|14)/;
  const tables: [what: string, breaking: string, mending: string, said?: RegExp][] = [
    [
      'a column that our statement does not fill',
      `ALTER TABLE experimental_data ADD COLUMN owner text NOT NULL DEFAULT 'x'; ALTER TABLE experimental_data ALTER COLUMN owner DROP DEFAULT`,
      'ALTER TABLE experimental_data DROP COLUMN owner',
    ],
    [
      'a CHECK that no row satisfies',
      `ALTER TABLE experimental_data ADD CONSTRAINT no_row CHECK (first_offset < 0) NOT VALID`,
      'ALTER TABLE experimental_data DROP CONSTRAINT no_row',
    ],
    [
      'a metric that cannot be written, whatever the one that is known to be good would do',
      `ALTER TABLE ${minutes} ADD CONSTRAINT no_row CHECK (pins < 0) NOT VALID`,
      `ALTER TABLE ${minutes} DROP CONSTRAINT no_row`,
      /^The row of the pin at offset 1 can be written, but not .*SQLSTATE 23514; table category_per_minute/,
    ],
    [
      'rejects that cannot be written',
      `ALTER TABLE pinflow.stream_reject ADD CONSTRAINT no_row CHECK (kind = 'none') NOT VALID`,
      'ALTER TABLE pinflow.stream_reject DROP CONSTRAINT no_row',
    ],
  ];
  for (const [what, breaking, mending, said = refusesSample] of tables) {
    test(`the sink: ${what}`, async () => {
      const partition = pinPartition();
      const records = [record(partition, 0, '{"broken'), ...pins(partition, 4).slice(1)];
      await environment.postgres.execute(breaking);
      try {
        const sink = await begun(partition);
        await assert.rejects(sink.accept(partition, records), {
          kind: 'fault',
          message: said,
        });
        const { applied, letters } = (await account(partition)) as { applied: number; letters: number };
        assert.deepEqual([applied, letters], [0, 0]);
      } finally {
        await environment.postgres.execute(mending);
      }
      const sink = await begun(partition);
      const next = sink.progress(partition).to;
      await sink.accept(partition, records.slice(next));
      assert.deepEqual(await account(partition), { applied: 3, rejected: 1, dead: 0, letters: 0, next: 4 });
    });
  }
});

test('a good record that a metric cannot take, though it takes the sample, is a fault of the metric, and comes in once it is mended', async () => {
  const partition = pinPartition();
  const [first, ...others] = pins(partition, 4);
  const sink = await begun(partition);
  await sink.accept(partition, [first!]);
  const setPins = (count: string): Promise<number> =>
    environment.postgres.execute(`UPDATE ${streamTableName(categoryPerMinute, domainSql)} SET pins = ${count} WHERE partition = $1`, [
      partition.partition,
    ]);
  await setPins('9223372036854775807');
  await assert.rejects(sink.accept(partition, others), {
    kind: 'fault',
    message: /^The row of the pin at offset 1 can be written, but not what the metrics of pin rows make of it: .*SQLSTATE 22003/,
  });
  assert.deepEqual(await account(partition), { applied: 1, rejected: 0, dead: 0, letters: 0, next: 1 });
  await setPins('1');
  await sink.accept(partition, others);
  assert.deepEqual(await account(partition), { applied: 4, rejected: 0, dead: 0, letters: 0, next: 4 });
});

describe('a bad record is still buried, the sample leaves nothing, and many of them cost few samples', () => {
  const isBad = (i: number): boolean => i % 2 === 0;
  /** A sample speaks for a second, of cleaning and of writing each: on a slow machine 20 bad records take longer. */
  const assertFew = (samples: number, startedAt: number): void => {
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
    assert.ok(samples >= 1 && samples <= 2 * seconds, `${samples} samples in ${seconds} s`);
  };

  test('that cleaning refuses', async () => {
    const partition = pinPartition();
    const startedAt = performance.now();
    const refusing = await cleanerThatRuns(`SELECT (json->>'index')::INTEGER FROM (SELECT unnest($1::VARCHAR[])::JSON AS json)`);
    const sink = await begun(partition, refusing);
    const values = Array.from({ length: 40 }, (_, i) => pinJson(`bad-cleaning-${i}`, { index: isBad(i) ? 'none' : i }));
    await sink.accept(
      partition,
      values.map((value, i) => record(partition, i, value)),
    );
    refusing.close();
    assert.deepEqual(await account(partition), { applied: 20, rejected: 0, dead: 20, letters: 20, next: 40 });
    assertFew(refusing.samples(), startedAt);
  });

  test('that the sink refuses', async () => {
    const partition = pinPartition();
    const startedAt = performance.now();
    const { postgres } = environment;
    await postgres.execute(`ALTER TABLE experimental_data ADD CONSTRAINT no_bombs CHECK (title <> 'bomb')`);
    const counting = await cleanerThatRuns('SELECT len($1::VARCHAR[])');
    try {
      const sink = await begun(partition, counting);
      await sink.accept(
        partition,
        pins(partition, 40, (i) => (isBad(i) ? 'bomb' : 'fine')),
      );
    } finally {
      await postgres.execute('ALTER TABLE experimental_data DROP CONSTRAINT no_bombs');
      counting.close();
    }
    assert.deepEqual(await account(partition), { applied: 20, rejected: 0, dead: 20, letters: 20, next: 40 });
    assertFew(counting.samples(), startedAt);
    const left = await postgres.query('SELECT 1 FROM experimental_data WHERE unique_id = $1', [
      (JSON.parse(sampleRecord('pin').value!.toString('utf8')) as { unique_id: string }).unique_id,
    ]);
    assert.deepEqual(left, []);
    assert.deepEqual(await postgres.query('SELECT 1 FROM pinflow.stream_reject WHERE partition = $1', [partition.partition]), []);
  });
});

test('the samples are what they are said to be: cleaning takes them', async () => {
  for (const kind of kinds) {
    const { rows, columns } = await cleaner.clean(kind, [sampleRecord(kind)]);
    assert.deepEqual([rows, columns['reject'], columns['nulled']], [1, [null], [null]], kind);
  }
});
