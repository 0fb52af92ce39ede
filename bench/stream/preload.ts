import { randomUUID } from 'node:crypto';
import { makeDisposableClient } from '#adapters/kafka/client.ts';
import type { Publisher, RecordToPublish } from '#adapters/kafka/producer.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import type { Config } from '#adapters/config.ts';
import { makeLog } from '#adapters/log.ts';
import { apiSource, makeEventHeaders, makeEventId } from '#api/door/event-headers.ts';
import { makeRecords } from '#bench/stream/records.ts';
import { Failure } from '#domain/failures.ts';

export type Preloaded = { records: number; identities: number; bytesEach: number };

const chunkRecords = 4_000;
const closeMs = 5_000;
/** Nobody waits for an answer here: a broker on a busy machine may take its time. */
const patienceMs = 60_000;

/**
 * Puts the records into the topic as the door would, with its headers and through its publisher.
 * @throws Failure where Kafka takes one of them not.
 */
export async function preload(config: Config, topic: string, count: number, signal: AbortSignal): Promise<Preloaded> {
  const publisher = makePublisher({
    makeClient: () => makeDisposableClient(config, 'pinflow-bench'),
    topicNames: [topic],
    eventsMax: chunkRecords,
    bytesMax: config.ingestMaxBytes,
    stallMs: patienceMs,
    deadlineMs: patienceMs,
    log: makeLog('bench', 'warn'),
  });
  const makeHeaders = makeEventHeaders(randomUUID());
  const identities = new Set<string>();
  let bytes = 0;
  await publisher.start();
  try {
    let chunk: RecordToPublish[] = [];
    for (const { identity, text } of makeRecords(count)) {
      identities.add(identity);
      bytes += text.length;
      const headers = makeHeaders('pin', apiSource, '', makeEventId());
      chunk.push({ topic, key: Buffer.from(identity), value: Buffer.from(text), headers });
      if (chunk.length < chunkRecords) continue;
      signal.throwIfAborted();
      await publishAll(publisher, chunk);
      chunk = [];
    }
    await publishAll(publisher, chunk);
  } finally {
    await publisher.close(closeMs);
  }
  return { records: count, identities: identities.size, bytesEach: bytes / count };
}

async function publishAll(publisher: Publisher, records: readonly RecordToPublish[]): Promise<void> {
  const published = publisher.publish(records);
  if (published instanceof Failure) throw published;
  const failed = (await published).find((outcome) => outcome instanceof Failure);
  if (failed !== undefined) throw failed;
}
