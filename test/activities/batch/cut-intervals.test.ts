import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cutIntervals } from '#activities/batch/cut-intervals.ts';
import { readCut, readLastCut } from '#activities/ledger/cut-rows.ts';
import { readOpenIntervals } from '#activities/ledger/interval-ledger.ts';
import { layOrigin } from '#setup/lay-origin.ts';
import { planInterval, readPlan } from '#activities/batch/plan-interval.ts';
import { unwatched } from '#activities/batch/progress.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { cutMarginMs, timeText } from '#domain/intervals.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson } from '#test/support/environment.ts';
import { waitFor } from '#test/support/servers.ts';

const intervalMs = 1_000;

/** Counts the look-ups that reach Kafka. */
function counting(topics: KafkaTopics): { topics: KafkaTopics; lookUps: () => number } {
  let count = 0;
  return {
    topics: {
      ...topics,
      fetchOffsetsAtTime: (topic, timeMs) => {
        count++;
        return topics.fetchOffsetsAtTime(topic, timeMs);
      },
    },
    lookUps: () => count,
  };
}

describe('cutting', () => {
  let environment: Environment;
  before(async () => {
    environment = await openEnvironment({ batchIntervalMs: intervalMs, topicPartitions: 2 });
  });
  after(() => environment.close());
  const cut = (nowMs: number, topics = environment.topics): ReturnType<typeof cutIntervals> =>
    cutIntervals({ names: environment.names, postgres: environment.postgres, topics, intervalMs, nowMs, progress: unwatched });

  test('before the origin nothing can be cut, and the failure says what to run', async () => {
    await assert.rejects(cut(Date.now()), { kind: 'not_ready', message: /workers\/setup\.ts/ });
  });

  test('the origin is laid once, at the start of the log', async () => {
    await environment.produce(environment.names.topicOf('pin'), 0, [pinJson('early')]);
    await layOrigin(environment);
    const origin = await readLastCut(environment.postgres);
    assert.ok(origin !== undefined && origin.atMs % intervalMs === 0 && origin.atMs <= Date.now());
    assert.deepEqual(
      origin.offsets.map(({ offset }) => offset),
      [0, 0, 0, 0, 0, 0],
    );
    await layOrigin(environment);
    assert.deepEqual(await readLastCut(environment.postgres), origin);
  });

  test('intervals tile the log, empty ones are complete, and a second call finds nothing', async () => {
    const { names, postgres } = environment;
    await environment.produce(names.topicOf('pin'), 0, [pinJson('a'), pinJson('b')]);
    await environment.produce(names.topicOf('geo'), 1, ['{}']);
    const nowMs = await waitFor(() => (Date.now() % intervalMs > 100 ? Date.now() + cutMarginMs + intervalMs : undefined), {
      what: 'a moment away from a boundary',
    });
    await waitFor(() => Date.now() > nowMs - cutMarginMs, { what: 'the interval to close' });
    const first = await cut(nowMs);
    assert.equal(first.more, false);
    assert.deepEqual(await cut(nowMs), { intervals: 0, empty: 0, more: false });

    const rows = await postgres.query<{ start: Date; end: Date; state: string }>(
      `SELECT start, "end", state FROM pinflow.interval ORDER BY start`,
    );
    assert.equal(rows.length, first.intervals);
    for (const [i, row] of rows.entries()) if (i > 0) assert.deepEqual(row.start, rows[i - 1]!.end);
    const last = await readLastCut(postgres);
    assert.deepEqual(
      last?.offsets.filter(({ offset }) => offset > 0).map(({ topic, partition, offset }) => [names.kindOfTopic(topic), partition, offset]),
      [
        ['geo', 1, 1],
        ['pin', 0, 3],
      ],
    );
    for (const { start, end, state } of rows) {
      const same =
        JSON.stringify(await readCut(postgres, start.toISOString())) === JSON.stringify(await readCut(postgres, end.toISOString()));
      assert.equal(state, same ? 'complete' : 'cut', timeText(start.getTime()));
    }
  });

  test('after a long stop a week of empty intervals costs one look-up a topic and call', async () => {
    const last = await readLastCut(environment.postgres);
    // Kafka answers for times to come with the high watermark: nothing is there.
    const nowMs = last!.atMs + 5_000 * intervalMs + cutMarginMs;
    const { topics, lookUps } = counting(environment.topics);
    const results = [await cut(nowMs, topics), await cut(nowMs, topics), await cut(nowMs, topics)];
    assert.deepEqual(results, [
      { intervals: 2_000, empty: 2_000, more: true },
      { intervals: 2_000, empty: 2_000, more: true },
      { intervals: 1_000, empty: 1_000, more: false },
    ]);
    assert.equal(lookUps(), 9);
  });

  test('cutters at the same time store each boundary once', async () => {
    const last = await readLastCut(environment.postgres);
    const nowMs = last!.atMs + 50 * intervalMs + cutMarginMs;
    const results = await Promise.all(Array.from({ length: 5 }, () => cut(nowMs)));
    assert.equal(
      results.reduce((sum, { intervals }) => sum + intervals, 0),
      50,
    );
    const [row] = await environment.postgres.query<{ n: number; boundaries: number }>(
      `SELECT count(*) AS n, count(DISTINCT at) AS boundaries FROM pinflow.cut`,
    );
    assert.equal(row!.n, row!.boundaries * 6);
  });
});

describe('partitions that are added while intervals close', () => {
  const added = 2;
  const intervalMs = 100;
  let environment: Environment;
  before(async () => {
    environment = await openEnvironment({ batchIntervalMs: intervalMs, topicPartitions: 1 });
  });
  after(() => environment.close());

  test('leave every record in one interval, also where a broker does not know them yet', async () => {
    const { names, postgres, kafka, topics } = environment;
    const topic = names.topicOf('pin');
    await layOrigin(environment);
    const admin = kafka.admin();
    await admin.connect();
    // Of no old metadata: what is for a partition that a producer does not know it leaves out.
    const producer = kafka.producer({ metadataMaxAge: 1 });
    await producer.connect();
    try {
      const counts: number[] = [];
      for (let partitions = 1; partitions <= 1 + added; partitions++) {
        if (partitions > 1) await admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] });
        for (const known of [partitions, 1, partitions]) {
          for (let partition = 0; partition < partitions; partition++) {
            await producer.send({ topic, acks: -1, messages: [0, 1].map(() => ({ partition, value: pinJson('a') })) });
            counts[partition] = (counts[partition] ?? 0) + 2;
          }
          const closesMs = Math.ceil((Date.now() + 1) / intervalMs) * intervalMs;
          await waitFor(() => Date.now() > closesMs, { what: 'the interval to close' });
          await cutIntervals({
            names,
            postgres,
            topics: knowing(topics, known),
            intervalMs,
            nowMs: Date.now() + cutMarginMs,
            progress: unwatched,
          });
        }
      }
      assert.deepEqual(
        await recordsOfIntervals(topic, counts),
        counts.map((count) => Array.from({ length: count }, () => 1)),
      );
    } finally {
      await producer.disconnect();
      await admin.disconnect();
    }
  });

  /** Kafka as a broker answers that knows so many partitions of a topic only: metadata spreads among brokers. */
  function knowing(topics: KafkaTopics, partitions: number): KafkaTopics {
    return {
      ...topics,
      fetchOffsetsAtTime: async (topic, timeMs) =>
        (await topics.fetchOffsetsAtTime(topic, timeMs)).filter(({ partition }) => partition < partitions),
    };
  }

  /** Per partition and offset: in how many intervals that are to be run the record is planned. */
  async function recordsOfIntervals(topic: string, counts: readonly number[]): Promise<number[][]> {
    const { config, names, postgres, s3 } = environment;
    for (const [partition, count] of counts.entries())
      await postgres.execute(
        `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, object_key, state) VALUES ($1, $2, 0, $3, 1, $4, 'landed')`,
        [topic, partition, count - 1, `raw/${partition}`],
      );
    const seen = counts.map((count) => Array.from({ length: count }, () => 0));
    for (const { start, end } of await readOpenIntervals(postgres, 1_000)) {
      const { planKey } = await planInterval({ names, postgres, s3, partBytesMax: config.batchPartBytes }, { start, end }, 'run');
      for (const { slices } of (await readPlan(s3, planKey)).parts.flatMap((part) => part.slices))
        for (const { partition, from, to } of slices) for (let offset = from; offset < to; offset++) seen[partition]![offset]!++;
    }
    return seen;
  }
});
