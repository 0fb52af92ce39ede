import { randomUUID } from 'node:crypto';
import type { PollConsumer, PollConsumerOptions } from '#adapters/kafka/poll-consumer.ts';
import { openPollConsumer } from '#adapters/kafka/poll-consumer.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Log } from '#adapters/log.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { unknownKind } from '#api/answers/refusal.ts';
import { instanceExists, instanceGone, notSubscribed, shuttingDown, tooManyInstances, unknownPartition } from '#api/consumers/refusals.ts';
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

type Reading = { subscription: Subscription; consumer: PollConsumer<ConsumedRecord> };
type Instance = {
  group: string;
  name: string;
  settings: ConsumerSettings;
  reading: Reading | undefined;
  usedAt: number;
  /** Calls under way; while there are some it does not expire. */
  calls: number;
  /** The last of the calls, which are done one after another. */
  last: Promise<unknown>;
};

/** Each holds connections and up to a megabyte of records. */
export const instancesMax = 64;
export const idleMsDefault = 300_000;
const sweepsPerIdle = 20;

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
  const { names, kindByName, log } = options;
  const idleMs = options.idleMs ?? idleMsDefault;
  const instances = new Map<string, Instance>();
  let closed = false;
  const sweeper = setInterval(sweep, idleMs / sweepsPerIdle);
  sweeper.unref();

  const gone = instanceGone(idleMs);
  const find = (group: string, name: string): Instance | Refusal => instances.get(keyOf(group, name)) ?? gone;

  /** Does the work when the instance's earlier calls are done; refuses where it is gone by then. */
  async function call<Result>(group: string, name: string, work: (instance: Instance) => Promise<Result>): Promise<Result | Refusal> {
    const instance = find(group, name);
    if ('status' in instance) return instance;
    instance.calls += 1;
    instance.usedAt = performance.now();
    const done = instance.last.then<Result | Refusal>(() => (find(group, name) === instance ? work(instance) : gone));
    instance.last = done.catch(() => undefined); // Its caller hears of it; the next one begins anyway.
    try {
      return await done;
    } finally {
      instance.calls -= 1;
      instance.usedAt = performance.now();
    }
  }

  async function stopReading(instance: Instance): Promise<void> {
    const { reading } = instance;
    instance.reading = undefined;
    await reading?.consumer.close();
  }

  function sweep(): void {
    const now = performance.now();
    for (const [key, instance] of instances) {
      if (instance.calls > 0 || now - instance.usedAt < idleMs) continue;
      instances.delete(key);
      log.info('a consumer instance was unused and ends', { group: instance.group, instance: instance.name });
      void stopReading(instance);
    }
  }

  return {
    create(group, settings) {
      if (closed) return shuttingDown;
      const name = settings.name ?? `rest-consumer-${randomUUID()}`;
      const key = keyOf(group, name);
      if (instances.has(key)) return instanceExists;
      if (instances.size >= instancesMax) return tooManyInstances(instancesMax);
      instances.set(key, { group, name, settings, reading: undefined, usedAt: performance.now(), calls: 0, last: Promise.resolve() });
      return { name };
    },

    settingsOf(group, name) {
      const instance = find(group, name);
      return 'status' in instance ? instance : instance.settings;
    },

    subscribe: (group, name, topics) =>
      call(group, name, async (instance) => {
        const subscription = makeSubscription(topics, names, kindByName);
        if (typeof subscription === 'string') return unknownKind(`Topic ${JSON.stringify(subscription.slice(0, 100))}`, kindByName);
        if (instance.reading?.subscription.topics.join('\n') === topics.join('\n')) return undefined;
        await stopReading(instance);
        const consumer = await openPollConsumer({
          kafka: options.kafka,
          // Clients' topics share topics in Kafka: a member must not commit past records that another one wants and it does not.
          groupId: names.clientGroup(group, subscription.id),
          topics: subscription.kafkaTopics,
          fromBeginning: instance.settings['auto.offset.reset'] === 'earliest',
          select: (record) => subscription.select(record),
        });
        instance.reading = { subscription, consumer };
        if (closed) await stopReading(instance);
        return undefined;
      }),

    unsubscribe: (group, name) =>
      call(group, name, async (instance) => {
        await stopReading(instance);
        return undefined;
      }),

    subscription(group, name) {
      const instance = find(group, name);
      return 'status' in instance ? instance : (instance.reading?.subscription.topics ?? []);
    },

    poll: (group, name, wanted) =>
      call(group, name, async ({ reading, settings }) => {
        if (reading === undefined) return notSubscribed;
        if (settings['auto.commit.enable']) await reading.consumer.commit();
        return reading.consumer.poll(wanted);
      }),

    commit: (group, name, offsets) =>
      call(group, name, async ({ reading }) => {
        if (reading === undefined) return notSubscribed;
        if (offsets === undefined) {
          await reading.consumer.commit();
          return undefined;
        }
        const nextOffsets = [];
        for (const { topic, partition, offset } of offsets) {
          const kafkaTopic = placeOf(topic, names, kindByName)?.kafkaTopic;
          if (kafkaTopic === undefined || !reading.subscription.kafkaTopics.includes(kafkaTopic)) return unknownKind('Topic', kindByName);
          if (partition >= (await options.topics.partitionCount(kafkaTopic))) return unknownPartition;
          nextOffsets.push({ topic: kafkaTopic, partition, offset: offset + 1 });
        }
        await reading.consumer.commit(nextOffsets);
        return undefined;
      }),

    remove: (group, name) =>
      call(group, name, async (instance) => {
        if (instance.settings['auto.commit.enable']) await instance.reading?.consumer.commit();
        instances.delete(keyOf(group, name));
        await stopReading(instance);
        return undefined;
      }),

    async close() {
      closed = true;
      clearInterval(sweeper);
      const all = [...instances.values()];
      instances.clear();
      await Promise.all(all.map(stopReading));
    },
  };
}

function keyOf(group: string, name: string): string {
  return `${group}/${name}`;
}
