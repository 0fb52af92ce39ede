import { randomUUID } from 'node:crypto';
import { loadConfig } from '#adapters/config.ts';
import { makeDisposableClient } from '#adapters/kafka/client.ts';
import { makePublisher } from '#adapters/kafka/producer.ts';
import { makeLog } from '#adapters/log.ts';
import { makeEventHeaders, makeEventId } from '#api/door/event-headers.ts';
import { answerHeaders } from '#bench/ingest/peers/answer-headers.ts';
import { readBody } from '#domain/door/read-event.ts';
import { Failure } from '#domain/failures.ts';
import { makeNames } from '#domain/names.ts';
import { pinItem } from '#domain/kinds/pin/schema.ts';

export type PeerAnswer = { status: number; headers: Record<string, string | number>; body: Buffer };

/**
 * What the peers with our publisher do with a body, whatever framework brought it: the API's validation, its record
 * headers, its publisher, its answer. Reads the settings of the API; resolves when Kafka has been reached.
 */
export async function makeTakePin(): Promise<{ port: number; takePin: (body: Buffer) => Promise<PeerAnswer> }> {
  const config = loadConfig();
  const topic = makeNames(config.prefix).topicOf('pin');
  const publisher = makePublisher({
    makeClient: () => makeDisposableClient(config, 'pinflow-bench-peer'),
    topicNames: [topic],
    eventsMax: config.ingestMaxEvents,
    bytesMax: config.ingestMaxBytes,
    stallMs: config.ingestStallMs,
    deadlineMs: config.ingestDeadlineMs,
    log: makeLog('bench-peer', 'warn'),
  });
  const instance = randomUUID();
  const makeHeaders = makeEventHeaders(instance);
  const requestIds = `${instance.slice(0, 8)}-`;
  let requests = 0;
  await publisher.start();

  async function takePin(body: Buffer): Promise<PeerAnswer> {
    const requestId = requestIds + (requests++).toString(36);
    const refuse = (status: number, message: string): PeerAnswer => {
      const answer = Buffer.from(JSON.stringify({ detail: message }));
      return { status, body: answer, headers: answerHeaders('', requestId, answer.length) };
    };
    const read = readBody(body);
    if (!read.ok) return refuse(422, read.problem.reason);
    const checked = pinItem.safeParse(read.row);
    if (!checked.success) return refuse(422, checked.error.message);
    const eventId = makeEventId();
    const record = { topic, key: Buffer.from(checked.data.unique_id), value: body, headers: makeHeaders('pin', 'api', '', eventId) };
    const published = publisher.publish([record]);
    const [outcome] = published instanceof Failure ? [published] : await published;
    if (outcome === undefined || outcome instanceof Failure) return refuse(503, outcome?.message ?? 'nothing was published');
    const receipt = `kind=pin, partition=${outcome.partition}, offset=${outcome.offset}, event-id="${eventId}"`;
    return { status: 200, body, headers: answerHeaders(receipt, requestId, body.length) };
  }

  return { port: config.apiPort, takePin };
}
