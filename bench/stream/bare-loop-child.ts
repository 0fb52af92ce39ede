import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { EachBatchPayload } from 'kafkajs';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { loadConfig } from '#adapters/config.ts';
import type { PlainPin } from '#bench/stream/plain-clean.ts';
import { cleanPlainly } from '#bench/stream/plain-clean.ts';
import { makeNames } from '#domain/names.ts';

/**
 * The peer of the stream as a process of its own: kafkajs, cleaning in JavaScript, one upsert a batch, and the next offset
 * in the same transaction. No Temporal, no fencing, no metrics, no rejects, no account of its batches.
 */
/** About 2,000 records of one partition; as much as our reader fetches. */
const batchBytes = 2_097_152;
/** Batches of different partitions at a time: while Postgres works on one, another is cleaned. */
const concurrency = 3;

const config = loadConfig();
const topic = makeNames(config.prefix).topicOf('pin');
const upsertSql = readFileSync(new URL('upsert-plainly.sql', import.meta.url), 'utf8');
const pool = new pg.Pool({ connectionString: config.postgresUrl, max: concurrency });
const kafka = new kafkajs.Kafka({ clientId: 'bare-loop', brokers: [...config.kafkaBrokers], logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `${config.prefix}bare-loop-${randomUUID()}`, maxBytesPerPartition: batchBytes });

await pool.query(`CREATE SCHEMA bare`);
await pool.query(`CREATE TABLE bare.pins (LIKE public.experimental_data, PRIMARY KEY (unique_id)) WITH (fillfactor = 85)`);
await pool.query(`CREATE TABLE bare.checkpoint (partition int PRIMARY KEY, next_offset bigint NOT NULL, batches int NOT NULL)`);
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
process.stdout.write('ready\n');
// A signal ends no process that waits for it alone; a timer keeps it.
const awake = setInterval(() => undefined, 60_000);
await once(process, 'SIGUSR2');
clearInterval(awake);
await consumer.run({
  autoCommit: false,
  partitionsConsumedConcurrently: concurrency,
  eachBatch: (payload) => applyBatch(payload).catch(die),
});

/** kafkajs would try again; a measurement ends. */
function die(error: unknown): never {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}

async function applyBatch({ batch }: EachBatchPayload): Promise<void> {
  // One statement may not upsert a key twice.
  const latest = new Map<string, { pin: PlainPin; offset: string; appendMs: string }>();
  for (const { value, offset, timestamp } of batch.messages) {
    const pin = cleanPlainly(value!);
    latest.set(pin.unique_id, { pin, offset, appendMs: timestamp });
  }
  const rows = [...latest.values()];
  const column = <Name extends keyof PlainPin>(name: Name): PlainPin[Name][] => rows.map(({ pin }) => pin[name]);
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query({
    name: 'upsert',
    text: upsertSql,
    values: [
      topic,
      batch.partition,
      column('unique_id'),
      column('ind'),
      column('title'),
      column('description'),
      column('follower_count'),
      column('poster_name'),
      column('tag_list').map((tags) => tags && literalOf(tags)),
      column('is_image_or_video'),
      column('image_src'),
      column('save_location'),
      column('category'),
      column('downloaded'),
      rows.map(({ offset }) => offset),
      rows.map(({ appendMs }) => appendMs),
    ],
  });
  await client.query({
    name: 'checkpoint',
    text: `INSERT INTO bare.checkpoint AS p VALUES ($1, $2, 1) ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset, batches = p.batches + 1`,
    values: [batch.partition, Number(batch.lastOffset()) + 1],
  });
  await client.query('COMMIT');
  client.release();
}

/** A text[] as Postgres reads it: unnest would take arrays of arrays apart. */
function literalOf(tags: readonly string[]): string {
  return `{${tags.map((tag) => `"${tag.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}
