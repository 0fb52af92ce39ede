import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { readPartitions } from '#adapters/kafka/reader.ts';
import { Failure } from '#domain/failures.ts';
import { openSegments, pinsNamed } from '#test/activities/reader/segments.ts';
import { waitFor } from '#test/support/servers.ts';

const segments = await openSegments();
const { environment, pins, dependencies, segment, applied, partitionOf } = segments;
// A failed test must not leave its segment behind.
afterEach(() => segments.abort());
after(() => segments.close());

test('a segment reads its partitions from the stored offsets, ends when asked, and the next goes on there', async () => {
  await environment.produce(pins, 0, pinsNamed(0, 250));
  await environment.produce(pins, 1, pinsNamed(250, 3));
  const first = segment();
  await waitFor(async () => (await applied()) === 253, { what: '253 records applied' });
  const ended = await first.end();
  assert.equal(ended.ended, 'asked');
  assert.deepEqual([partitionOf(ended, 0)?.to, partitionOf(ended, 1)?.to, ended.rows], ['250', '3', 253]);
  const held = await environment.postgres.query('SELECT 1 FROM pinflow.checkpoint WHERE held_by IS NOT NULL OR deaths > 0');
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
    `SELECT problem, next_offset FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = 1`,
    [pins],
  );
  assert.equal(row?.next_offset, 3, 'nothing was skipped');
  assert.match(row.problem ?? '', /nothing is skipped/);
  // Moved by hand, as the sentence says.
  await environment.postgres.execute(
    `UPDATE pinflow.checkpoint SET next_offset = 8 WHERE reader = 'stream' AND topic = $1 AND partition = 1`,
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
  // The checkpoint says that the record before it carried another append time than the one that Kafka has there now.
  await environment.postgres.execute(
    `UPDATE pinflow.checkpoint SET last_append_time = last_append_time - interval '1 second' WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
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
    `UPDATE pinflow.checkpoint SET last_append_time = NULL WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
    [pins],
  );
  const healed = segment();
  await waitFor(async () => (await applied()) === before + 5, { what: 'the partition that a person set right applied' });
  await healed.end();
});

test('a segment that fails leaves no consumer behind', async () => {
  let open = 0;
  const failing = segment({
    makeSink: () => ({
      ...dependencies().makeSink(),
      tick: () => Promise.reject(new Failure('unavailable', 'the ticker met an outage')),
    }),
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
        `SELECT problem FROM pinflow.checkpoint WHERE reader = 'stream' AND topic = $1 AND partition = 0`,
        [geo],
      )
    )[0]?.problem;
  const before = await applied();
  await postgres.execute('ALTER TABLE geo RENAME COLUMN country TO land');
  const geoJson = JSON.stringify({ ind: 1, timestamp: '2020-01-02T03:04:05', latitude: 1, longitude: 2, country: 'Norway' });
  await environment.produce(geo, 0, [geoJson]);
  const one = segment();
  await waitFor(async () => (await problemOf()) != null, { what: 'the problem' });
  assert.match((await problemOf())!, /column "country".*does not exist.*a fault of the program.*the checkpoint holds/s);
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

test('a table that refuses a dead letter stops the partition, not the slot: no record is to blame for that', async () => {
  const { postgres, names } = environment;
  const geo = names.topicOf('geo');
  await postgres.execute(`ALTER TABLE geo ADD CONSTRAINT no_atlantis CHECK (country <> 'Atlantis') NOT VALID`);
  await postgres.execute('ALTER TABLE pinflow.dead_letter ADD CONSTRAINT no_row CHECK (partition < 0)');
  const before = await applied();
  await environment.produce(geo, 1, [JSON.stringify({ ind: 2, timestamp: '2020-01-02T03:04:05', country: 'Atlantis' })]);
  const one = segment();
  const [found] = await waitFor(
    async () => {
      const rows = await postgres.query<{ problem: string }>(`SELECT problem FROM pinflow.checkpoint WHERE problem IS NOT NULL`);
      return rows.length > 0 ? rows : undefined;
    },
    { what: 'the problem' },
  );
  assert.match(found!.problem, /constraint no_row.*a fault of the program.*the checkpoint holds/s);
  await environment.produce(pins, 0, pinsNamed(5_500, 2));
  await waitFor(async () => (await applied()) === before + 2, { what: 'the other partition applied' });
  await one.end();
  await postgres.execute('ALTER TABLE pinflow.dead_letter DROP CONSTRAINT no_row');
  const mended = segment();
  await waitFor(async () => (await postgres.query('SELECT 1 FROM pinflow.dead_letter')).length === 1, { what: 'the dead letter' });
  await mended.end();
});

test('an error that is no failure is a fault as well, and its message, which may quote data, stays behind', async () => {
  const { postgres } = environment;
  await environment.produce(pins, 0, pinsNamed(6_000, 1));
  const one = segment({
    makeSink: () => ({ ...dependencies().makeSink(), accept: () => Promise.reject(new TypeError('MARKED is no number')) }),
  });
  const found = await waitFor(
    async () => (await postgres.query<{ problem: string }>(`SELECT problem FROM pinflow.checkpoint WHERE problem IS NOT NULL`))[0],
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
