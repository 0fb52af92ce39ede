import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { SegmentDependencies, SegmentPartition, SegmentResult } from '#activities/reader/segment.ts';
import { makeLandingSink } from '#activities/landing/landing-sink.ts';
import { runSegment } from '#activities/reader/run-segment.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import { Failure } from '#domain/failures.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson, quietLog } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';
import { sendInTransactions } from '#test/support/transactions.ts';

let environment: Environment;
let cleaner: StreamCleaner;
let pins: string;
const running: AbortController[] = [];
before(async () => {
  [environment, cleaner] = await Promise.all([openEnvironment({ topicPartitions: 2 }), makeStreamCleaner()]);
  pins = environment.names.topicOf('pin');
});
// A failed test must not leave its segment behind.
afterEach(() => {
  for (const asked of running.splice(0)) asked.abort();
});
after(async () => {
  cleaner.close();
  await environment.close();
});

function dependencies(over: Partial<SegmentDependencies> = {}): SegmentDependencies {
  const { names, postgres, topics, kafka } = environment;
  return {
    reader: 'stream',
    names,
    postgres,
    topics,
    log: quietLog,
    read: (options) => readPartitions({ ...options, kafka }),
    makeSink: () => makeStreamSink({ postgres, names, cleaner, statements: makeSinkStatements(), batchRows: 100 }),
    concurrency: 2,
    bytesPerPartitionMax: 1_048_576,
    lookAgainMs: 60_000,
    ...over,
  };
}

/** A segment that runs beside the test until it is asked to end. */
function segment(over?: Partial<SegmentDependencies>): { end: () => Promise<SegmentResult>; result: Promise<SegmentResult> } {
  const asked = new AbortController();
  running.push(asked);
  const attempt = (): Promise<SegmentResult> =>
    runSegment(dependencies(over), { slot: 0, slots: 1, segment: 0, segmentMs: 60_000 }, asked.signal, () => undefined);
  // What Temporal does with a failed attempt; a test that looks at the failure itself hands in its own dependencies.
  const retried = (): Promise<SegmentResult> =>
    attempt().catch((error: Failure) => (error.canRetry && !asked.signal.aborted ? retried() : Promise.reject(error)));
  const result = over === undefined ? retried() : attempt();
  result.catch(() => undefined);
  return {
    result,
    end: () => {
      asked.abort();
      return result;
    },
  };
}

const applied = async (): Promise<number> =>
  (
    await environment.postgres.query<{ n: number }>(
      `SELECT coalesce(sum(last_offset - first_offset + 1), 0)::bigint AS n FROM pinflow.stream_batch`,
    )
  )[0]?.n ?? 0;
const pinsNamed = (from: number, count: number): string[] => Array.from({ length: count }, (_, index) => pinJson(`id-${from + index}`));
const partitionOf = (result: SegmentResult, partition: number): SegmentPartition | undefined =>
  result.partitions.find((one) => one.topic === pins && one.partition === partition);

test('a segment reads its partitions from the stored offsets, ends when asked, and the next goes on there', async () => {
  await environment.produce(pins, 0, pinsNamed(0, 250));
  await environment.produce(pins, 1, pinsNamed(250, 3));
  const first = segment();
  await waitFor(async () => (await applied()) === 253, { what: '253 records applied' });
  const ended = await first.end();
  assert.equal(ended.ended, 'asked');
  assert.deepEqual([partitionOf(ended, 0)?.to, partitionOf(ended, 1)?.to, ended.rows], ['250', '3', 253]);
  const held = await environment.postgres.query('SELECT 1 FROM pinflow.position WHERE held_by IS NOT NULL OR deaths > 0');
  assert.deepEqual(held, [], 'who takes them next knows that nobody died of them');

  await environment.produce(pins, 0, pinsNamed(253, 5));
  const second = segment();
  await waitFor(async () => (await applied()) === 258, { what: 'five more records applied' });
  const again = await second.end();
  assert.deepEqual([partitionOf(again, 0)?.from, partitionOf(again, 0)?.to], ['250', '255']);
});

test('two attempts of one slot at the same time apply each record once', async () => {
  const before = await applied();
  const zombie = segment();
  await environment.produce(pins, 0, pinsNamed(300, 50));
  await waitFor(async () => (await applied()) > before, { what: 'the first attempt at work' });
  const successor = segment();
  await environment.produce(pins, 0, pinsNamed(350, 500));
  await waitFor(async () => (await applied()) === before + 550, { what: 'all records applied' });
  await successor.end();
  await zombie.end();
  assert.equal(await applied(), before + 550);
  const [rows] = await environment.postgres.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM experimental_data WHERE unique_id = ANY($1)`,
    [Array.from({ length: 550 }, (_, index) => `id-${300 + index}`)],
  );
  assert.equal(rows?.n, 550);
});

test('a stored offset that Kafka no longer has stops that partition and says so; the others go on', async () => {
  const before = await applied();
  await environment.produce(pins, 1, pinsNamed(1_000, 10));
  const admin = environment.kafka.admin();
  await admin.connect();
  await admin.fetchTopicOffsets(pins); // kafkajs needs the topic's metadata loaded first
  await admin.deleteTopicRecords({ topic: pins, partitions: [{ partition: 1, offset: '8' }] });
  await admin.disconnect();
  const one = segment();
  await environment.produce(pins, 0, pinsNamed(2_000, 4));
  await waitFor(async () => (await applied()) === before + 4, { what: 'the healthy partition applied' });
  const result = await one.end();
  assert.match(partitionOf(result, 1)?.problem ?? '', /Offset 3 of .*\/1 is not in Kafka, which has 8 to 13/);
  const [row] = await environment.postgres.query<{ problem: string | null; next_offset: number }>(
    `SELECT problem, next_offset FROM pinflow.position WHERE reader = 'stream' AND topic = $1 AND partition = 1`,
    [pins],
  );
  assert.equal(row?.next_offset, 3, 'nothing was skipped');
  assert.match(row.problem ?? '', /nothing is skipped/);
  // Moved by hand, as the sentence says.
  await environment.postgres.execute(
    `UPDATE pinflow.position SET next_offset = 8 WHERE reader = 'stream' AND topic = $1 AND partition = 1`,
    [pins],
  );
  const healed = segment();
  await waitFor(async () => (await applied()) === before + 9, { what: 'the moved partition applied' });
  await healed.end();
});

test('a sink that fails for now fails the segment, which can be run again', async () => {
  const before = await applied();
  let broken = true;
  const flaky = segment({
    makeSink: () => {
      const sink = dependencies().makeSink();
      return {
        ...sink,
        accept: async (partition, records) => {
          if (broken) throw new Failure('unavailable', 'the sink is away');
          return sink.accept(partition, records);
        },
      };
    },
  });
  await environment.produce(pins, 0, pinsNamed(3_000, 7));
  await assert.rejects(flaky.result, { kind: 'unavailable' });
  broken = false;
  const next = segment();
  await waitFor(async () => (await applied()) === before + 7, { what: 'seven records after the outage' });
  await next.end();
});

test('a log that was made anew, or truncated and written on, is not read on as if nothing had happened', async () => {
  const before = await applied();
  // The position says that the record before it carried another append time than the one that Kafka has there now.
  await environment.postgres.execute(
    `UPDATE pinflow.position SET last_append_time = last_append_time - interval '1 second' WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
    [pins],
  );
  const one = segment();
  await environment.produce(pins, 0, pinsNamed(4_000, 3));
  await environment.produce(pins, 1, pinsNamed(4_003, 2));
  await waitFor(async () => (await applied()) === before + 2, { what: 'the sound partition applied' });
  const result = await one.end();
  assert.match(partitionOf(result, 0)?.problem ?? '', /another record than the one that was read there/);
  assert.equal(await applied(), before + 2);
  await environment.postgres.execute(
    `UPDATE pinflow.position SET last_append_time = NULL WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
    [pins],
  );
  const healed = segment();
  await waitFor(async () => (await applied()) === before + 5, { what: 'the partition that a person set right applied' });
  await healed.end();
});

test('a segment that fails leaves no consumer behind', async () => {
  let open = 0;
  const failing = segment({
    makeSink: () => ({ ...dependencies().makeSink(), tick: () => Promise.reject(new Failure('unavailable', 'the ticker met an outage')) }),
    read: async (options) => {
      open++;
      await readPartitions({ ...options, kafka: environment.kafka });
      open--;
    },
  });
  await assert.rejects(failing.result, /met an outage/);
  assert.equal(open, 0);
});

test('a fault of the program stops the partition that meets it and says so; the others go on, and so does it once mended', async () => {
  const { postgres, names } = environment;
  const geo = names.topicOf('geo');
  const problemOf = async (): Promise<string | null | undefined> =>
    (
      await postgres.query<{ problem: string | null }>(
        `SELECT problem FROM pinflow.position WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
        [geo],
      )
    )[0]?.problem;
  const before = await applied();
  await postgres.execute('ALTER TABLE geo RENAME COLUMN country TO land');
  const geoJson = JSON.stringify({ ind: 1, timestamp: '2020-01-02T03:04:05', latitude: 1, longitude: 2, country: 'Norway' });
  await environment.produce(geo, 0, [geoJson]);
  const one = segment();
  await waitFor(async () => (await problemOf()) != null, { what: 'the problem' });
  assert.match((await problemOf())!, /column "country".*does not exist.*a fault of the program.*the position holds/s);
  await environment.produce(pins, 0, pinsNamed(5_000, 6));
  await waitFor(async () => (await applied()) === before + 6, { what: 'the other partition applied' });
  await one.end();
  assert.deepEqual(await postgres.query('SELECT 1 FROM pinflow.dead_letter'), []);

  await postgres.execute('ALTER TABLE geo RENAME COLUMN land TO country');
  const mended = segment();
  await waitFor(async () => (await applied()) === before + 7, { what: 'the partition applied once it was mended' });
  await mended.end();
  assert.equal(await problemOf(), null);
});

test('an error that is no failure is a fault as well, and its message, which may quote data, stays behind', async () => {
  const { postgres } = environment;
  await environment.produce(pins, 0, pinsNamed(6_000, 1));
  const one = segment({
    makeSink: () => ({ ...dependencies().makeSink(), accept: () => Promise.reject(new TypeError('MARKED is no number')) }),
  });
  const found = await waitFor(
    async () => (await postgres.query<{ problem: string }>(`SELECT problem FROM pinflow.position WHERE problem IS NOT NULL`))[0],
    { what: 'the problem' },
  );
  await one.end();
  assert.match(found.problem, /^An unexpected TypeError/);
  assert.ok(!found.problem.includes('MARKED'));
  const mended = segment();
  await waitFor(async () => (await postgres.query(`SELECT 1 FROM experimental_data WHERE unique_id = 'id-6000'`)).length === 1, {
    what: 'the record applied by a sink that works',
  });
  await mended.end();
});

test('what the old owner of a partition commits while it is taken is no loss', async () => {
  const before = await applied();
  const epoch = async (): Promise<number> =>
    (
      await environment.postgres.query<{ epoch: number }>(
        `SELECT epoch FROM pinflow.position WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
        [pins],
      )
    )[0]!.epoch;
  const old = segment();
  await environment.produce(pins, 0, pinsNamed(5_000, 1));
  await waitFor(async () => (await applied()) === before + 1, { what: 'the old owner at work' });
  const taken = await epoch();
  let looked = false;
  const young = segment({
    topics: {
      ...environment.topics,
      // The old owner goes beyond the end of the log as it was looked at.
      fetchOffsets: async (topic) => {
        const offsets = await environment.topics.fetchOffsets(topic);
        if (topic !== pins || looked) return offsets;
        looked = true;
        await environment.produce(pins, 0, pinsNamed(5_001, 20));
        await waitFor(async () => (await applied()) === before + 21, { what: 'twenty records applied by the old owner' });
        return offsets;
      },
    },
  });
  await waitFor(async () => (await epoch()) > taken, { what: 'the partition in other hands' });
  await old.end();
  await environment.produce(pins, 0, pinsNamed(5_021, 3));
  await waitFor(async () => (await applied()) === before + 24, { what: 'three records applied by the new owner' });
  assert.equal(partitionOf(await young.end(), 0)?.problem, null);
});

const setPosition = (partition: number, by: number): Promise<number> =>
  environment.postgres.execute(
    `UPDATE pinflow.position SET next_offset = next_offset + $3 WHERE reader = 'stream' AND topic = $1 AND partition = $2`,
    [pins, partition, by],
  );

test('a segment with a partition that stands still ends early, so that the partition goes on soon after it is set right', async () => {
  const before = await applied();
  await setPosition(1, 1_000);
  const one = segment({ lookAgainMs: 300 });
  await environment.produce(pins, 0, pinsNamed(6_000, 2));
  const result = await one.result;
  assert.equal(result.ended, 'time');
  assert.match(partitionOf(result, 1)?.problem ?? '', /is not in Kafka/);
  await setPosition(1, -1_000);
  const healed = segment();
  await environment.produce(pins, 1, pinsNamed(6_002, 2));
  await waitFor(async () => (await applied()) === before + 4, { what: 'both partitions applied' });
  assert.equal(partitionOf(await healed.end(), 1)?.problem, null);
});

for (const reader of ['stream', 'landing'] as const) {
  test(`${reader} passes gaps that Kafka made itself, counts and names them, and goes on behind them`, async () => {
    const user = environment.names.topicOf('user');
    const partition = reader === 'stream' ? 0 : 1;
    const userJson = (ind: number): string =>
      JSON.stringify({ ind, first_name: 'Ada', last_name: 'Example', age: 20, date_joined: '2015-10-24T11:23:51' });
    const position = async (): Promise<Record<string, unknown> | undefined> =>
      (
        await environment.postgres.query(
          `SELECT next_offset, gap_offsets, last_gap::text AS last_gap, problem FROM pinflow.position WHERE reader = $1 AND topic = $2 AND partition = $3`,
          [reader, user, partition],
        )
      )[0];
    const gapOffsets = `(SELECT coalesce(sum(upper(gap) - lower(gap)), 0)::int FROM unnest(gaps) AS gap) AS gap_offsets`;
    const ranges = (): Promise<Record<string, unknown>[]> =>
      environment.postgres.query(
        reader === 'stream'
          ? `SELECT first_offset, last_offset, applied AS records, ${gapOffsets} FROM pinflow.stream_batch WHERE topic = $1 AND partition = $2 ORDER BY first_offset`
          : `SELECT first_offset, last_offset, records, ${gapOffsets} FROM pinflow.landing_range WHERE topic = $1 AND partition = $2 AND state = 'landed' ORDER BY first_offset`,
        [user, partition],
      );
    const reads = (): ReturnType<typeof segment> =>
      reader === 'stream'
        ? segment()
        : segment({
            reader,
            makeSink: () =>
              makeLandingSink({ postgres: environment.postgres, s3: environment.s3, flushBytes: 1e9, bufferBytesMax: 1e9, flushMs: 300 }),
          });
    await sendInTransactions(environment.kafka, user, [{ values: [userJson(1), userJson(2)], outcome: 'commit' }], partition);
    const one = reads();
    await waitFor(async () => (await position())?.['next_offset'] === 3, { what: 'the marker passed' });
    await one.end();
    await sendInTransactions(
      environment.kafka,
      user,
      [
        { values: [userJson(3)], outcome: 'abort' },
        { values: [userJson(4)], outcome: 'commit' },
        { values: [userJson(5), userJson(6)], outcome: 'abort' },
      ],
      partition,
    );
    const next = reads();
    await waitFor(async () => (await position())?.['next_offset'] === 10, { what: 'the end of the log' });
    const result = await next.end();
    assert.equal(result.partitions.find((held) => held.topic === user && held.partition === partition)?.lag, 0);
    const found = await position();
    assert.equal(found?.['problem'], null);
    assert.equal(found['gap_offsets'], 7);
    assert.match(String(found['last_gap']), /,10\)$/);
    const rows = await ranges();
    assert.equal(
      rows.reduce((sum, row) => sum + Number(row['records']), 0),
      3,
    );
    assert.deepEqual(
      rows.map((row) => row['first_offset']),
      [0, ...rows.slice(0, -1).map((row) => Number(row['last_offset']) + 1)],
      'ranges follow each other',
    );
    assert.equal(
      rows.reduce(
        (sum, row) =>
          sum + Number(row['last_offset']) - Number(row['first_offset']) + 1 - Number(row['records']) - Number(row['gap_offsets']),
        0,
      ),
      0,
      'records and gaps are all offsets of the ranges',
    );
  });
}
