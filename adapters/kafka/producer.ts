import type { Producer } from 'kafkajs';
import type { DisposableClient } from '#adapters/kafka/client.ts';
import type { ProducerConnection } from '#adapters/kafka/connect-producer.ts';
import { connectProducer } from '#adapters/kafka/connect-producer.ts';
import type { RecordToPublish, Waiting } from '#adapters/kafka/produce.ts';
import { Ambiguous, produce, sizeOf, within } from '#adapters/kafka/produce.ts';
import type { Batch, Outcome } from '#adapters/kafka/outcomes.ts';
import { decide, mayExist, stalled, tooManyWaiting } from '#adapters/kafka/outcomes.ts';
import type { ProducerIdentity } from '#adapters/kafka/producer-identity.ts';
import type { Log } from '#adapters/log.ts';
import { partitionOfKey } from '#domain/door/partition.ts';
import { Failure } from '#domain/failures.ts';

/**
 * The group-commit publisher: one produce request in flight, and what piles up meanwhile goes into the next. No timer, so
 * a lone client pays one round trip; under load a request carries hundreds of records.
 *
 * An event is in one of these states, and each has one answer:
 *   refused   bound reached or Kafka stalled: never sent            Failure `exhausted` / `unavailable`, at once
 *   queued    taken out when Kafka stalls or is too slow: never sent Failure `unavailable`
 *   sent      part of a produce request; at its deadline            Failure `timeout`: the event may exist
 *   acked     in the log, in all replicas that are in sync          its coordinates
 *   culprit   Kafka refuses this record, and always will            Failure `invalid_data`
 *
 * A request is sent again, as it was, through the same producer until Kafka takes it: kafkajs takes back the sequence
 * numbers of a failed request, so the broker recognises what it has already. Where that chain breaks (a lost sequence),
 * or the time of one of its events is up, the request is given up as a whole: its events are answered as sent, the
 * connections that carry it are reset, and a new client goes on as the producer's next epoch, behind which the broker
 * takes nothing of the old one. So an event after whose 504 its sender sent newer ones does not come to stand behind
 * them.
 */
export type Publisher = {
  /** Connects and loads what the first event would have to wait for; tries until it succeeds or the publisher closes. */
  start(): Promise<void>;
  /** Whether Kafka has been reached: before that nothing is taken. */
  isConnected(): boolean;
  /**
   * Takes all of the records or refuses all at once (the failure that is returned: none was sent). The promise never
   * rejects for what Kafka says; its outcomes stand in the order of the records, each with the record's own fate.
   */
  publish(records: readonly RecordToPublish[]): Failure | Promise<Outcome[]>;
  /** Age of the produce request in flight, or of the time without a connection; 0 when nothing waits for Kafka. */
  oldestInFlightMs(): number;
  /** What is queued or sent and not settled. */
  inFlight(): { events: number; bytes: number };
  /** Resolves when nothing is queued or sent any more, at the latest after `timeoutMs`; true when nothing was left. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Refuses new events, flushes within `timeoutMs`, disconnects. */
  close(timeoutMs: number): Promise<void>;
};

export type { Outcome, RecordToPublish };

export type PublisherOptions = {
  /** Makes a client for each producer. */
  makeClient: () => DisposableClient;
  /** The topics that events may go to. */
  topicNames: readonly string[];
  eventsMax: number;
  bytesMax: number;
  stallMs: number;
  deadlineMs: number;
  log: Log;
  /** Called once per partition and request with the offsets that Kafka acked (inclusive). Must not throw. */
  onAck?: (topic: string, partition: number, firstOffset: number, lastOffset: number) => void;
  /** Called after each produce request that Kafka took. Must not throw. */
  onProduce?: (records: number, tookMs: number) => void;
};

const requestRecordsMax = 5_000;
/** Bytes of one produce request, and with it of one record. */
export const requestBytesMax = 1_000_000;
const sweepMs = 100;
const disconnectMsMax = 1_000;
/** kafkajs 2.2.4 lets sequence numbers overflow wrongly near 2^31, which the broker refuses; a new producer starts at 0. */
const recordsPerProducerMax = 2 ** 30;

/** `bytes` is below 0 once its fate is known. */
type Entry = Waiting & { bytes: number; at: number; batch: Batch; index: number };

export function makePublisher(options: PublisherOptions): Publisher {
  const { log, eventsMax, bytesMax, stallMs, deadlineMs } = options;
  let partitionCounts: ReadonlyMap<string, number> = new Map();
  let batchBytesMax = requestBytesMax;

  let connection: ProducerConnection | undefined;
  /** Of the last producer that was connected. */
  let identity: ProducerIdentity | undefined;
  let recordsOfProducer = 0;
  let starting: Promise<void> | undefined;
  let withoutProducerSince = performance.now();

  let queue: Entry[] = [];
  let sent: Entry[] = [];
  let sentSince: number | undefined;
  let events = 0;
  let bytes = 0;

  let closing = false;
  let idleWaiters: (() => void)[] = [];
  const sweeper = setInterval(sweep, sweepMs);
  sweeper.unref();

  // --- Admission ---

  function refusal(count: number, size: number): Failure | undefined {
    if (closing) return new Failure('unavailable', 'The door is shutting down; the event was not sent. Send it again.');
    if (partitionCounts.size === 0)
      return new Failure('unavailable', 'Kafka has not been reached yet; the event was not sent. Send it again later.');
    if (events + count > eventsMax || bytes + size > bytesMax) return new Failure('exhausted', `${tooManyWaiting}.`);
    const headOfQueueMs = queue.length === 0 ? 0 : performance.now() - queue[0]!.at;
    if (Math.max(oldestInFlightMs(), headOfQueueMs) > stallMs) return stalled();
    return undefined;
  }

  function publish(records: readonly RecordToPublish[]): Failure | Promise<Outcome[]> {
    const sizes = records.map(sizeOf);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const refused = refusal(records.length, total);
    if (refused !== undefined) return refused;
    return new Promise((done) => {
      const batch: Batch = { outcomes: new Array<Outcome>(records.length), left: records.length, done };
      const now = performance.now();
      for (const [index, record] of records.entries()) {
        const misfit = findMisfit(record, sizes[index]!);
        if (misfit === undefined) enqueue(record, sizes[index]!, now, batch, index);
        else decide(batch, index, misfit);
      }
      if (records.length === 0) done([]);
      pump();
    });
  }

  function findMisfit(record: RecordToPublish, size: number): Failure | undefined {
    if (!partitionCounts.has(record.topic)) throw new Error(`topic ${record.topic} is not among the publisher's topics`);
    return size <= batchBytesMax
      ? undefined
      : new Failure('invalid_data', `The record has ${size} bytes, the topic takes ${batchBytesMax}.`);
  }

  function enqueue(record: RecordToPublish, size: number, at: number, batch: Batch, index: number): void {
    events += 1;
    bytes += size;
    const partition = partitionOfKey(record.key, partitionCounts.get(record.topic)!);
    queue.push({ record, partition, bytes: size, at, batch, index });
  }

  // --- Requests ---

  const verdicts = {
    acked: settleEntry,
    refused: settleEntry,
    onAck: options.onAck,
    onProduce: options.onProduce,
    oneBroker: false,
    isGivenUp: (through: Producer) => through !== connection?.producer,
    log,
  };

  function pump(): void {
    if (sentSince !== undefined || connection === undefined || queue.length === 0) return;
    if (recordsOfProducer >= recordsPerProducerMax) return renew(performance.now());
    const through = connection.producer;
    sweep();
    if (queue.length === 0) return;
    sent = takeRequest();
    sentSince = performance.now();
    recordsOfProducer += sent.length;
    void settle(through, sent).then((healthy) => {
      // Given up meanwhile: another producer goes on, perhaps with a request of its own.
      if (verdicts.isGivenUp(through)) return;
      if (!healthy) return giveUp();
      sent = [];
      sentSince = undefined;
      pump();
    });
  }

  function takeRequest(): Entry[] {
    let size = 0;
    let count = 0;
    while (count < queue.length && count < requestRecordsMax) {
      size += queue[count]!.bytes;
      if (size > batchBytesMax && count > 0) break;
      count += 1;
    }
    if (count === queue.length) {
      const all = queue;
      queue = [];
      return all;
    }
    return queue.splice(0, count);
  }

  /** Answers every entry; false where the producer must not be used any more. */
  async function settle(through: Producer, entries: Entry[]): Promise<boolean> {
    try {
      await produce(through, entries, verdicts);
      return true;
    } catch (error) {
      if (verdicts.isGivenUp(through)) return false;
      log.error('gave up a produce request', { records: entries.length, error: error instanceof Ambiguous ? error.cause : error });
      // To the broker we are somebody else than we think: what we were is not to be succeeded.
      if (error instanceof Ambiguous && error.hasLostSequence) identity = undefined;
      return false;
    }
  }

  /** Answers what was sent and is not settled as what may exist, and goes on with another client. */
  function giveUp(): void {
    const entries = sent;
    renew(sentSince ?? performance.now());
    for (const entry of entries) settleEntry(entry, mayExist(undefined));
  }

  function settleEntry(entry: Entry, outcome: Outcome): void {
    if (entry.bytes < 0) return;
    events -= 1;
    bytes -= entry.bytes;
    entry.bytes = -1;
    decide(entry.batch, entry.index, outcome);
    if (events === 0) {
      for (const wake of idleWaiters) wake();
      idleWaiters = [];
    }
  }

  /** Stalls and deadlines. Entries stand in order of age, so it ends at the first that still has time. */
  function sweep(): void {
    const now = performance.now();
    const oldest = sent.find((entry) => entry.bytes >= 0);
    if (oldest !== undefined && oldest.at + deadlineMs <= now) {
      log.error('gave up a produce request: the time of its events is up', { records: sent.length });
      giveUp();
    }
    // What has not been sent when Kafka stalls is told so at once, like what comes now; else what is out of time.
    const isStalled = oldestInFlightMs() > stallMs;
    let expired = 0;
    while (expired < queue.length && (isStalled || queue[expired]!.at + deadlineMs <= now)) expired += 1;
    for (const entry of expired === 0 ? [] : queue.splice(0, expired)) settleEntry(entry, stalled());
  }

  // --- The producer's life ---

  /** `since` is when Kafka was last heard of, as far as that matters to what waits. */
  function renew(since: number): void {
    const old = connection;
    connection = undefined;
    sent = [];
    sentSince = undefined;
    withoutProducerSince = since;
    old?.destroy();
    starting = connect();
  }

  async function connect(): Promise<void> {
    const made = await connectProducer({ ...options, before: identity, isClosing: () => closing });
    if (made === undefined) return;
    if (closing) return made.destroy();
    connection = made;
    ({ identity, partitionCounts } = made);
    batchBytesMax = Math.min(requestBytesMax, made.batchBytesMax);
    verdicts.oneBroker = made.oneBroker;
    recordsOfProducer = 0;
    pump();
  }

  function oldestInFlightMs(): number {
    const since = connection === undefined ? withoutProducerSince : sentSince;
    return since === undefined ? 0 : performance.now() - since;
  }

  async function flush(timeoutMs: number): Promise<boolean> {
    if (events === 0) return true;
    const idle = new Promise<void>((resolve) => void idleWaiters.push(resolve));
    await within(timeoutMs, idle).catch(() => undefined);
    return events === 0;
  }

  return {
    start: () => (starting ??= connect()),
    isConnected: () => partitionCounts.size > 0,
    publish,
    oldestInFlightMs,
    inFlight: () => ({ events, bytes }),
    flush,
    async close(timeoutMs) {
      closing = true;
      await flush(timeoutMs);
      clearInterval(sweeper);
      // A broker that is gone must not hold up the exit.
      if (connection === undefined) return;
      await within(disconnectMsMax, connection.producer.disconnect()).catch(() => undefined);
      connection.destroy();
    },
  };
}
