import type { RequestHandler } from 'express';
import type { Publisher } from '#adapters/kafka/producer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { answerJson } from '#api/door/answer.ts';
import type { MakeOperation } from '#api/operations/operation.ts';

export type Readiness = { ready: boolean; reasons: string[] };

/** `GET /readyz`: 503 tells balancers to send elsewhere. */
export function makeReadyHandler(makeOperation: MakeOperation, readiness: () => Promise<Readiness>): RequestHandler {
  return makeOperation({
    name: 'readyz',
    scope: 'open',
    async answer() {
      const { ready, reasons } = await readiness();
      return answerJson(ready ? 200 : 503, JSON.stringify({ status: ready ? 'ready' : 'not ready', reasons }));
    },
  });
}

/** How long an answer of Kafka counts, so that eager probes do not become its load; and how long it may take. */
const rememberMs = 500;
const answerMsMax = 2_000;

export type ReadinessOptions = {
  topics: Pick<KafkaTopics, 'describe'>;
  topicNames: readonly string[];
  publisher: Pick<Publisher, 'oldestInFlightMs' | 'isConnected'>;
  stallMs: number;
  /** Whether anybody can be let in: the keys are known, or not asked for. */
  isOpen: () => boolean;
  /** Whether the process is on its way out. */
  isDraining: () => boolean;
};

/** Makes the question whether events can be taken now: the log reachable, its topics there, nothing stalled, the keys known. */
export function makeReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  let asked: { at: number; reasons: Promise<string[]> } | undefined;

  async function askKafka(): Promise<string[]> {
    try {
      const { brokers, notReady } = await options.topics.describe(options.topicNames);
      if (brokers === 0) return ['Kafka has no broker'];
      return notReady.map((topic) => `topic ${topic} is not there or has no leader`);
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  function kafkaReasons(): Promise<string[]> {
    const now = performance.now();
    if (asked === undefined || now - asked.at > rememberMs)
      asked = { at: now, reasons: orAfter(answerMsMax, askKafka(), ['Kafka does not answer']) };
    return asked.reasons;
  }

  return async () => {
    const reasons = options.isDraining() ? ['the door is shutting down'] : [...(await kafkaReasons())];
    if (reasons.length === 0 && !options.publisher.isConnected()) reasons.push('the door is still connecting to Kafka');
    if (reasons.length === 0 && options.publisher.oldestInFlightMs() > options.stallMs)
      reasons.push('events wait for Kafka longer than they may');
    if (!options.isOpen()) reasons.push('the keys could not be read from Postgres yet');
    return { ready: reasons.length === 0, reasons };
  };
}

async function orAfter<Result>(timeoutMs: number, work: Promise<Result>, otherwise: Result): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<Result>((resolve) => {
        timer = setTimeout(resolve, timeoutMs, otherwise);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
