import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Accounts } from '#domain/flow/edges.ts';
import { readAccounts } from '#questions/flow/accounts.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment } from '#test/support/environment.ts';

/** Ten records in one partition, and books that are kept by hand: what does not add up must be seen. */
let environment: Environment;
let topic: string;
before(async () => {
  environment = await openEnvironment();
  const { names, postgres } = environment;
  topic = names.topicOf('pin');
  await environment.produce(
    topic,
    0,
    Array.from({ length: 10 }, (_, i) => `{"n":${i}}`),
  );
  for (const reader of ['stream', 'landing'])
    await postgres.execute(
      `INSERT INTO pinflow.checkpoint (reader, topic, partition, next_offset) VALUES ($1, $2, 0, 10)
       ON CONFLICT (reader, topic, partition) DO UPDATE SET next_offset = 10`,
      [reader, topic],
    );
});
after(() => environment.close());

const read = (): Promise<Accounts> => readAccounts(environment);
const run = (sql: string, parameters: unknown[] = []): Promise<unknown> => environment.postgres.execute(sql, parameters);

test('the door: what was acked and is not in the log', async () => {
  await run(`INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset) VALUES ('a', $1, 0, 0, 9)`, [topic]);
  const kept = (await read()).door;
  assert.deepEqual([kept.in, kept.out, kept.difference], [10, 10, 0]);
  await run(`INSERT INTO pinflow.door_ack (instance, topic, partition, first_offset, last_offset) VALUES ('a', $1, 0, 10, 12)`, [topic]);
  const lost = (await read()).door;
  assert.deepEqual([lost.in, lost.out, lost.difference], [13, 10, 3]);
});

test('the stream: offsets that no batch has, and records of a batch that are nothing', async () => {
  const batch = (first: number, last: number, applied: number, rejected: number, gaps = '{}'): Promise<unknown> =>
    run(
      `INSERT INTO pinflow.stream_batch (topic, partition, first_offset, last_offset, epoch, applied, superseded, unchanged, rejected, dead, gaps)
       VALUES ($1, 0, $2, $3, 1, $4, 0, 0, $5, 0, $6)`,
      [topic, first, last, applied, rejected, gaps],
    );
  await batch(0, 3, 3, 1);
  await batch(6, 9, 3, 0, '{[9,10)}');
  assert.equal((await read()).stream.difference, 2);
  await batch(4, 5, 1, 0);
  assert.equal((await read()).stream.difference, 1);
  await run(`UPDATE pinflow.stream_batch SET applied = 2 WHERE topic = $1 AND first_offset = 4`, [topic]);
  const { difference, out, rejected, gaps, waiting } = (await read()).stream;
  assert.deepEqual({ difference, out, rejected, gaps, waiting }, { difference: 0, out: 8, rejected: 1, gaps: 1, waiting: 0 });
});

test('landing: a range that is only fixed waits, one that holds too little is seen', async () => {
  const range = (first: number, last: number, state: string, records: number | null): Promise<unknown> =>
    run(
      `INSERT INTO pinflow.landing_range (topic, partition, first_offset, last_offset, epoch, object_key, state, records) VALUES ($1, 0, $2, $3, 1, 'k', $4, $5)`,
      [topic, first, last, state, records],
    );
  await range(0, 5, 'landed', 6);
  await range(6, 9, 'fixed', null);
  const fixed = (await read()).landing;
  assert.deepEqual([fixed.out, fixed.waiting, fixed.difference], [6, 4, 0]);
  await run(`UPDATE pinflow.landing_range SET state = 'landed', records = 3 WHERE topic = $1 AND first_offset = 6`, [topic]);
  assert.equal((await read()).landing.difference, 1);
});

test('batch and lake: rows that an interval lost, and that its generation lacks', async () => {
  await run(
    `INSERT INTO pinflow.generation (id, cause, run_id, versions, content_sha256, code_version, records, clean, rejects, duplicates)
     VALUES (1, 'interval', 'r', '{}', '', '', 10, 7, 1, 1)`,
  );
  await run(
    `INSERT INTO pinflow.interval (start, "end", state, records, clean, rejects, duplicates, generation)
     VALUES (now() - interval '1 hour', now() - interval '30 minutes', 'complete', 10, 8, 1, 1, 1)`,
  );
  const { batch, publish } = await read();
  assert.deepEqual([batch.difference, publish.difference], [0, 1]);
  await run(`UPDATE pinflow.interval SET clean = 7`);
  const lost = await read();
  assert.deepEqual([lost.batch.difference, lost.publish.difference], [1, 0]);
});
