import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Publisher } from '#adapters/kafka/producer.ts';
import type { IdempotentOutcome } from '#api/door/idempotency.ts';

/**
 * The door's telemetry. Counting on the hot route is an addition in a plain object; prom-client's own label look-up would
 * cost as much as parsing the event.
 */
export type DoorTelemetry = {
  /** Of a route that takes events. */
  countAnswer: (route: string, status: number) => void;
  /** Events of `?ack=none` that were answered with 202 and did not get into the log. */
  countUnacked: (events: number) => void;
  countAcked: (topic: string, records: number) => void;
  countIdempotent: (outcome: IdempotentOutcome) => void;
  /** Requests and rows that were refused; route and reason are of closed lists. */
  countRefused: (route: string, reason: string, times: number) => void;
  observeProduce: (records: number, tookMs: number) => void;
  /** Adds the gauges that ask the publisher. */
  watch(publisher: Pick<Publisher, 'inFlight' | 'oldestInFlightMs'>): void;
  registry: Registry;
  contentType: string;
  text(): Promise<string>;
};

export function makeDoorTelemetry(): DoorTelemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answers = new Map<string, Map<number, number>>();
  let unacked = 0;
  const acked = new Map<string, number>();
  const idempotent = new Map<IdempotentOutcome, number>();
  const refused = new Map<string, Map<string, number>>();

  registry.registerMetric(
    new Counter({
      name: 'pinflow_door_requests_total',
      help: 'Requests to routes that take events, by route and HTTP status.',
      labelNames: ['route', 'status'],
      registers: [],
      collect() {
        this.reset();
        for (const [route, byStatus] of answers) for (const [status, count] of byStatus) this.inc({ route, status }, count);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'pinflow_door_acked_total',
      help: 'Events that Kafka acked, by topic.',
      labelNames: ['topic'],
      registers: [],
      collect() {
        this.reset();
        for (const [topic, count] of acked) this.inc({ topic }, count);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'pinflow_door_unacked_total',
      help: 'Events that were answered with 202 (?ack=none) and did not get into the log.',
      registers: [],
      collect() {
        this.reset();
        this.inc(unacked);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'pinflow_door_idempotent_total',
      help: 'Requests with an Idempotency-Key, by what became of them.',
      labelNames: ['outcome'],
      registers: [],
      collect() {
        this.reset();
        for (const [outcome, count] of idempotent) this.inc({ outcome }, count);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'pinflow_door_refused_total',
      help: 'Requests and single rows that were refused, by route and reason.',
      labelNames: ['route', 'reason'],
      registers: [],
      collect() {
        this.reset();
        for (const [route, byReason] of refused) for (const [reason, count] of byReason) this.inc({ route, reason }, count);
      },
    }),
  );
  const latency = new Histogram({
    name: 'pinflow_door_produce_seconds',
    help: 'Time of a produce request.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const size = new Histogram({
    name: 'pinflow_door_produce_records',
    help: 'Records of a produce request.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 5_000],
    registers: [registry],
  });

  return {
    countAnswer(route, status) {
      let byStatus = answers.get(route);
      if (byStatus === undefined) answers.set(route, (byStatus = new Map()));
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    },
    countUnacked(events) {
      unacked += events;
    },
    countAcked: (topic, records) => void acked.set(topic, (acked.get(topic) ?? 0) + records),
    countIdempotent: (outcome) => void idempotent.set(outcome, (idempotent.get(outcome) ?? 0) + 1),
    countRefused(route, reason, times) {
      let byReason = refused.get(route);
      if (byReason === undefined) refused.set(route, (byReason = new Map()));
      byReason.set(reason, (byReason.get(reason) ?? 0) + times);
    },
    observeProduce(records, tookMs) {
      latency.observe(tookMs / 1_000);
      size.observe(records);
    },
    watch(publisher) {
      const gauge = (name: string, help: string, aggregator: 'sum' | 'max', read: () => number): void => {
        registry.registerMetric(
          new Gauge({
            name,
            help,
            aggregator,
            registers: [],
            collect() {
              this.set(read());
            },
          }),
        );
      };
      gauge('pinflow_door_in_flight_events', 'Events queued or sent and not acked.', 'sum', () => publisher.inFlight().events);
      gauge('pinflow_door_in_flight_bytes', 'Bytes of events queued or sent and not acked.', 'sum', () => publisher.inFlight().bytes);
      gauge(
        'pinflow_door_oldest_in_flight_seconds',
        'Age of the produce request in flight, or of the time without Kafka.',
        'max',
        () => publisher.oldestInFlightMs() / 1_000,
      );
    },
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
