import type { Kafka, Producer } from 'kafkajs';
import { connectProducer } from '#adapters/kafka/connect-producer.ts';
import type { RecordToPublish, Waiting } from '#adapters/kafka/produce.ts';
import { Ambiguous, produce, sizeOf, within } from '#adapters/kafka/produce.ts';
import type { Batch, Outcome } from '#adapters/kafka/outcomes.ts';
import { decide, mayExist, stalled } from '#adapters/kafka/outcomes.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
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
 * numbers of a failed request, so the broker recognises what it has already. Where that chain breaks (a hung attempt, a
 * lost sequence), the request is given up, its events answered as sent, and a new producer goes on.
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
  kafka: Kafka;
  topics: Pick<KafkaTopics, 'partitionCount' | 'messageBytesMax' | 'describe'>;
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

type Entry = Waiting & { bytes: number; at: number; answered: boolean; batch: Batch; position: number };

export function makePublisher(options: PublisherOptions): Publisher {
  const { log, eventsMax, bytesMax, stallMs, deadlineMs } = options;
  let partitionCounts: ReadonlyMap<string, number> = new Map();
  let batchBytesMax = requestBytesMax;

  let producer: Producer | undefined;
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
    if (events + count > eventsMax || bytes + size > bytesMax)
      return new Failure('exhausted', 'Too many events are waiting for Kafka; the event was not sent. Send it again later.');
    if (Math.max(oldestInFlightMs(), headOfQueueMs()) > stallMs) return stalled();
    return undefined;
  }

  function publish(records: readonly RecordToPublish[]): Failure | Promise<Outcome[]> {
    const sizes = records.map(sizeOf);
    const refused = refusal(
      records.length,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    if (refused !== undefined) return refused;
    return new Promise((done) => {
      const batch: Batch = { outcomes: new Array<Outcome>(records.length), left: records.length, done };
      const now = performance.now();
      for (const [position, record] of records.entries()) {
        const misfit = findMisfit(record, sizes[position]!);
        if (misfit === undefined) enqueue(record, sizes[position]!, now, batch, position);
        else decide(batch, position, misfit);
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

  function enqueue(record: RecordToPublish, size: number, at: number, batch: Batch, position: number): void {
    events += 1;
    bytes += size;
    const partition = partitionOfKey(record.key, partitionCounts.get(record.topic)!);
    queue.push({ record, partition, bytes: size, at, answered: false, batch, position });
  }

  // --- Requests ---

  const verdicts = {
    acked: settleEntry,
    refused: settleEntry,
    onAck: options.onAck,
    onProduce: options.onProduce,
    oneBroker: false,
    log,
  };

  function pump(): void {
    if (sentSince !== undefined || producer === undefined || queue.length === 0) return;
    if (recordsOfProducer >= recordsPerProducerMax) return renew();
    const through = producer;
    sweep();
    if (queue.length === 0) return;
    sent = takeRequest();
    sentSince = performance.now();
    recordsOfProducer += sent.length;
    void settle(through, sent).then((healthy) => {
      sent = [];
      sentSince = undefined;
      if (!healthy) renew();
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
      log.error('gave up a produce request', { records: entries.length, error: error instanceof Ambiguous ? error.cause : error });
      for (const entry of entries) settleEntry(entry, mayExist(error));
      return false;
    }
  }

  function settleEntry(entry: Entry, outcome: Outcome): void {
    if (entry.bytes < 0) return;
    events -= 1;
    bytes -= entry.bytes;
    entry.bytes = -1;
    answer(entry, outcome);
    if (events === 0) {
      for (const wake of idleWaiters) wake();
      idleWaiters = [];
    }
  }

  function answer(entry: Entry, outcome: Outcome): void {
    if (entry.answered) return;
    entry.answered = true;
    decide(entry.batch, entry.position, outcome);
  }

  /** Stalls and deadlines. Entries stand in order of age, so it ends at the first that still has time. */
  function sweep(): void {
    const now = performance.now();
    for (const entry of sent) {
      if (entry.at + deadlineMs > now) break;
      // It still counts as in flight: its bytes are held until Kafka's verdict.
      answer(entry, mayExist(undefined));
    }
    // What has not been sent when Kafka stalls is told so at once, like what comes now; else what is out of time.
    const isStalled = oldestInFlightMs() > stallMs;
    let expired = 0;
    while (expired < queue.length && (isStalled || queue[expired]!.at + deadlineMs <= now)) expired += 1;
    for (const entry of expired === 0 ? [] : queue.splice(0, expired)) settleEntry(entry, stalled());
  }

  function headOfQueueMs(): number {
    return queue.length === 0 ? 0 : performance.now() - queue[0]!.at;
  }

  // --- The producer's life ---

  function renew(): void {
    const old = producer;
    producer = undefined;
    withoutProducerSince = performance.now();
    // A connection that hangs closes only when its requests time out; nobody waits for that.
    void old?.disconnect().catch(() => undefined);
    starting = connect();
  }

  async function connect(): Promise<void> {
    const connection = await connectProducer({ ...options, isClosing: () => closing });
    if (connection === undefined) return;
    if (closing) return connection.producer.disconnect();
    ({ producer, partitionCounts } = connection);
    batchBytesMax = Math.min(requestBytesMax, connection.batchBytesMax);
    verdicts.oneBroker = connection.oneBroker;
    recordsOfProducer = 0;
    pump();
  }

  function oldestInFlightMs(): number {
    const since = producer === undefined ? withoutProducerSince : sentSince;
    return since === undefined ? 0 : performance.now() - since;
  }

  async function flush(timeoutMs: number): Promise<boolean> {
    if (events === 0) return true;
    await within(
      timeoutMs,
      new Promise<void>((resolve) => {
        idleWaiters.push(resolve);
      }),
    ).catch(() => undefined);
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
      if (producer !== undefined) await within(disconnectMsMax, producer.disconnect()).catch(() => undefined);
    },
  };
}
