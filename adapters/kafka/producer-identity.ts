import { AsyncLocalStorage } from 'node:async_hooks';
import Broker from 'kafkajs/src/broker/index.js';
import type { Producer } from 'kafkajs';
import { assertKnownKafkajs } from '#adapters/kafka/kafkajs-version.ts';

/** What brokers know an idempotent producer by. */
export type ProducerIdentity = { producerId: string; producerEpoch: number };

/** Of a producer that is being connected: whom it succeeds, and who it became. */
type Succession = { before: ProducerIdentity | undefined; now?: ProducerIdentity };

/** An epoch is 16 bits with a sign. */
const epochMax = 32_767;
const connecting = new AsyncLocalStorage<Succession>();
const { initProducerId } = Broker.prototype;

/**
 * Connects a producer that succeeds another: with the same producer id and the next epoch, as Java's producer goes on
 * after it gave a batch up (KIP-360). From the first batch that the successor has in a partition the broker refuses
 * every batch of its predecessor there, so that what was given up can come late but never behind what is newer. The very
 * first, and the one after the last epoch, gets an id of its own from Kafka: kafkajs knows no other way, hence the place
 * where it asks.
 * @returns who it became.
 */
export async function connectSuccessor(producer: Producer, before: ProducerIdentity | undefined): Promise<ProducerIdentity> {
  assertKnownKafkajs('adapters/kafka/producer-identity.ts', 'kafkajs/src/producer/eosManager and src/broker');
  Broker.prototype.initProducerId = initIdentity;
  const succession: Succession = { before: before !== undefined && before.producerEpoch < epochMax ? before : undefined };
  await connecting.run(succession, () => producer.connect());
  if (succession.now === undefined) throw new Error('kafkajs connected an idempotent producer without asking for its id');
  return succession.now;
}

async function initIdentity(this: Broker, request: Parameters<Broker['initProducerId']>[0]): Promise<ProducerIdentity> {
  const succession = connecting.getStore();
  const answer = await initProducerId.call(this, request);
  if (succession === undefined) return answer;
  const { before } = succession;
  succession.now =
    before === undefined
      ? { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      : { producerId: before.producerId, producerEpoch: before.producerEpoch + 1 };
  return { ...answer, ...succession.now };
}
