import { randomUUID } from 'node:crypto';
import type { PollConsumer, PollConsumerOptions } from '#adapters/kafka/poll-consumer.ts';
import { openPollConsumer } from '#adapters/kafka/poll-consumer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, unknownKind } from '#api/answers/refusal.ts';
import type { Instance } from '#api/consumers/instances.ts';
import { makeInstances } from '#api/consumers/instances.ts';
import { notSubscribed, unknownPartition } from '#api/consumers/refusals.ts';
import type { ConsumedRecord, Subscription } from '#api/consumers/subscription.ts';
import { makeSubscription, placeOf } from '#api/consumers/subscription.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { Names } from '#domain/names.ts';
import type { ConsumerOffset, ConsumerSettings } from '#domain/schemas/consumers.ts';

/** The consumer instances of this process (REST v2). What needs Kafka throws its failures. */
export type Consumers = {
  /** @returns the instance's name. */
  create(group: string, settings: ConsumerSettings): { name: string } | Refusal;
  settingsOf(group: string, name: string): ConsumerSettings | Refusal;
  /** Replaces an earlier subscription; the same one again changes nothing. */
  subscribe(group: string, name: string, topics: readonly string[]): Promise<Refusal | undefined>;
  unsubscribe(group: string, name: string): Promise<Refusal | undefined>;
  subscription(group: string, name: string): readonly string[] | Refusal;
  /** Commits what the previous poll brought, where the instance does so, and reads on. */
  poll(
    group: string,
    name: string,
    wanted: { timeoutMs: number; bytesMax: number; signal: AbortSignal },
  ): Promise<ConsumedRecord[] | Refusal>;
  /** Commits that these records and all before them are done with; by default all that was polled. */
  commit(group: string, name: string, offsets: readonly ConsumerOffset[] | undefined): Promise<Refusal | undefined>;
  remove(group: string, name: string): Promise<Refusal | undefined>;
  /** Ends all instances: polls under way answer, nothing is committed. */
  close(): Promise<void>;
};

export type ConsumersOptions = {
  kafka: PollConsumerOptions<ConsumedRecord>['kafka'];
  topics: Pick<KafkaTopics, 'partitionCount'>;
  names: Names;
  kindByName: ReadonlyMap<string, Kind>;
  log: Log;
  /** How long an instance lives that nobody uses. Default: 5 minutes. */
  idleMs?: number;
};

export function makeConsumers(options: ConsumersOptions): Consumers {
  const { names, kindByName } = options;
  const instances = makeInstances(options);

  return {
    create(group, settings) {
      const name = settings.name ?? `rest-consumer-${randomUUID()}`;
      return instances.add(group, name, settings) ?? { name };
    },

    settingsOf(group, name) {
      const instance = instances.find(group, name);
      return 'status' in instance ? instance : instance.settings;
    },

    subscribe: (group, name, topics) =>
      instances.call(group, name, async (instance) => {
        const subscription = makeSubscription(topics, names, kindByName);
        if (typeof subscription === 'string') return unknownKind(`Topic ${JSON.stringify(subscription.slice(0, 100))}`, kindByName);
        if (instance.reading?.subscription.topics.join('\n') === topics.join('\n')) return undefined;
        await instances.stopReading(instance);
        instance.reading = { subscription, consumer: await openConsumer(options, instance, subscription) };
        if (instances.isClosed()) await instances.stopReading(instance);
        return undefined;
      }),

    unsubscribe: (group, name) =>
      instances.call(group, name, async (instance) => {
        await instances.stopReading(instance);
        return undefined;
      }),

    subscription(group, name) {
      const instance = instances.find(group, name);
      return 'status' in instance ? instance : (instance.reading?.subscription.topics ?? []);
    },

    poll: (group, name, wanted) =>
      instances.call(group, name, async ({ reading, settings }) => {
        if (reading === undefined) return notSubscribed;
        if (settings['auto.commit.enable']) await reading.consumer.commit();
        return reading.consumer.poll(wanted);
      }),

    commit: (group, name, offsets) =>
      instances.call(group, name, async ({ reading }) => {
        if (reading === undefined) return notSubscribed;
        const nextOffsets = offsets === undefined ? undefined : await findNextOffsets(options, reading.subscription, offsets);
        if (nextOffsets !== undefined && isRefusal(nextOffsets)) return nextOffsets;
        await reading.consumer.commit(nextOffsets);
        return undefined;
      }),

    remove: (group, name) =>
      instances.call(group, name, async (instance) => {
        if (instance.settings['auto.commit.enable']) await instance.reading?.consumer.commit();
        await instances.remove(instance);
        return undefined;
      }),

    close: () => instances.close(),
  };
}

function openConsumer(
  { kafka, names }: Pick<ConsumersOptions, 'kafka' | 'names'>,
  { group, settings }: Pick<Instance, 'group' | 'settings'>,
  subscription: Subscription,
): Promise<PollConsumer<ConsumedRecord>> {
  return openPollConsumer({
    kafka,
    // Clients' topics share topics in Kafka: a member must not commit past records that another one wants and it does not.
    groupId: names.clientGroup(group, subscription.id),
    topics: subscription.kafkaTopics,
    fromBeginning: settings['auto.offset.reset'] === 'earliest',
    select: (record) => subscription.select(record),
  });
}

/** The offsets to go on from when these records, and all before them, are done with. */
async function findNextOffsets(
  { names, kindByName, topics }: Pick<ConsumersOptions, 'names' | 'kindByName' | 'topics'>,
  subscription: Subscription,
  offsets: readonly ConsumerOffset[],
): Promise<{ topic: string; partition: number; offset: number }[] | Refusal> {
  const nextOffsets = [];
  for (const { topic, partition, offset } of offsets) {
    const kafkaTopic = placeOf(topic, names, kindByName)?.kafkaTopic;
    if (kafkaTopic === undefined || !subscription.kafkaTopics.includes(kafkaTopic)) return unknownKind('Topic', kindByName);
    if (partition >= (await topics.partitionCount(kafkaTopic))) return unknownPartition;
    nextOffsets.push({ topic: kafkaTopic, partition, offset: offset + 1 });
  }
  return nextOffsets;
}
