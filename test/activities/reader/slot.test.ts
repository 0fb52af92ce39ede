import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { makeLandingSink } from '#activities/landing/landing-sink.ts';
import { openSegments, pinsNamed } from '#test/activities/reader/segments.ts';
import { waitFor } from '#test/support/servers.ts';
import { sendInTransactions } from '#test/support/transactions.ts';

const segments = await openSegments();
const { environment, pins, segment, applied, partitionOf } = segments;
// A failed test must not leave its segment behind.
afterEach(() => segments.abort());
after(() => segments.close());

test('what the old owner of a partition commits while it is taken is no loss', async () => {
  const before = await applied();
  const epoch = async (): Promise<number> =>
    (
      await environment.postgres.query<{ epoch: number }>(
        `SELECT epoch FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
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

const setCheckpoint = (partition: number, by: number): Promise<number> =>
  environment.postgres.execute(
    `UPDATE pinflow.checkpoint SET next_offset = next_offset + $3 WHERE reader = 'stream' AND topic = $1 AND partition = $2`,
    [pins, partition, by],
  );

test('a segment with a partition that stands still ends early, so that the partition goes on soon after it is set right', async () => {
  const before = await applied();
  await setCheckpoint(1, 1_000);
  const one = segment({ lookAgainMs: 300 });
  await environment.produce(pins, 0, pinsNamed(6_000, 2));
  const result = await one.result;
  assert.equal(result.ended, 'time');
  assert.match(partitionOf(result, 1)?.problem ?? '', /is not in Kafka/);
  await setCheckpoint(1, -1_000);
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
    const checkpoint = async (): Promise<Record<string, unknown> | undefined> =>
      (
        await environment.postgres.query(
          `SELECT next_offset, gap_offsets, last_gap::text AS last_gap, problem FROM pinflow.checkpoint WHERE reader = $1 AND topic = $2 AND partition = $3`,
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
    await waitFor(async () => (await checkpoint())?.['next_offset'] === 3, { what: 'the marker passed' });
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
    await waitFor(async () => (await checkpoint())?.['next_offset'] === 10, { what: 'the end of the log' });
    const result = await next.end();
    assert.equal(result.partitions.find((held) => held.topic === user && held.partition === partition)?.lag, 0);
    const found = await checkpoint();
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
