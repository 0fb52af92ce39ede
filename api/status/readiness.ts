import type { RequestHandler } from 'express';
import type { Publisher } from '#adapters/kafka/producer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { MakeOperation } from '#api/operations/operation.ts';

/** Reasons are empty where it is ready. `outline` names no address and no topic: for strangers. */
export type Readiness = { ready: boolean; reasons: string[]; outline: string[] };
type Reasons = Pick<Readiness, 'reasons' | 'outline'>;

/** `GET /readyz`: 503 tells balancers to send elsewhere. The full reasons are for who may read. */
export function makeReadyHandler(makeOperation: MakeOperation, readiness: () => Promise<Readiness>): RequestHandler {
  return makeOperation({
    name: 'readyz',
    scope: 'open',
    insiders: 'read',
    async answer(_req, caller) {
      const { ready, reasons, outline } = await readiness();
      return answerJson(
        ready ? 200 : 503,
        JSON.stringify({ status: ready ? 'ready' : 'not ready', reasons: caller === undefined ? outline : reasons }),
      );
    },
  });
}

/** A reason that anyone may know. */
export const kafkaSilent = 'Kafka does not answer';

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
  let asked: { at: number; reasons: Promise<Reasons> } | undefined;

  async function askKafka(): Promise<Reasons> {
    try {
      const { brokers, notReady } = await options.topics.describe(options.topicNames);
      if (brokers === 0) return plain('Kafka has no broker');
      return {
        reasons: notReady.map((topic) => `topic ${topic} is not there or has no leader`),
        outline: notReady.length === 0 ? [] : [`${notReady.length} topics are not there or have no leader`],
      };
    } catch (error) {
      return { reasons: [error instanceof Error ? error.message : String(error)], outline: ['Kafka cannot be asked'] };
    }
  }

  function kafkaReasons(): Promise<Reasons> {
    const now = performance.now();
    if (asked === undefined || now - asked.at > rememberMs)
      asked = { at: now, reasons: orAfter(answerMsMax, askKafka(), plain(kafkaSilent)) };
    return asked.reasons;
  }

  async function findReasons(): Promise<Reasons> {
    if (options.isDraining()) return plain('the door is shutting down');
    const found = await kafkaReasons();
    if (found.reasons.length > 0) return found;
    if (!options.publisher.isConnected()) return plain('the door is still connecting to Kafka');
    return options.publisher.oldestInFlightMs() > options.stallMs ? plain('events wait for Kafka longer than they may') : plain();
  }

  return async () => {
    const { reasons, outline } = await findReasons();
    const closed = options.isOpen() ? [] : ['the keys could not be read from Postgres yet'];
    const all = { reasons: [...reasons, ...closed], outline: [...outline, ...closed] };
    return { ready: all.reasons.length === 0, ...all };
  };
}

/** Reasons that anyone may know. */
function plain(...reasons: string[]): Reasons {
  return { reasons, outline: reasons };
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
