import type { PollConsumer } from '#adapters/kafka/poll-consumer.ts';
import type { Log } from '#adapters/log.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { instanceExists, instanceGone, shuttingDown, tooManyInstances } from '#api/consumers/refusals.ts';
import type { ConsumedRecord, Subscription } from '#api/consumers/subscription.ts';
import type { ConsumerSettings } from '#domain/schemas/consumers.ts';

export type Instance = {
  group: string;
  name: string;
  settings: ConsumerSettings;
  reading: { subscription: Subscription; consumer: PollConsumer<ConsumedRecord> } | undefined;
  usedAt: number;
  /** Calls under way; while there are some it does not expire. */
  calls: number;
  /** The last of the calls, which are done one after another. */
  last: Promise<unknown>;
};

/** The instances that live in this process. */
export type Instances = {
  add(group: string, name: string, settings: ConsumerSettings): Refusal | undefined;
  find(group: string, name: string): Instance | Refusal;
  /** Does the work when the instance's earlier calls are done; refuses where it is gone by then. */
  call<Result>(group: string, name: string, work: (instance: Instance) => Promise<Result>): Promise<Result | Refusal>;
  stopReading(instance: Instance): Promise<void>;
  remove(instance: Instance): Promise<void>;
  isClosed(): boolean;
  /** Ends all: calls under way answer. */
  close(): Promise<void>;
};

/** Each holds connections and up to a megabyte of records. */
export const instancesMax = 64;
export const idleMsDefault = 300_000;
const sweepsPerIdle = 20;

/** Keeps instances until nobody has used them for `idleMs`. */
export function makeInstances({ idleMs = idleMsDefault, log }: { idleMs?: number | undefined; log: Log }): Instances {
  const instances = new Map<string, Instance>();
  const gone = instanceGone(idleMs);
  let closed = false;
  const sweeper = setInterval(() => sweep(instances, idleMs, log), idleMs / sweepsPerIdle);
  sweeper.unref();
  const find = (group: string, name: string): Instance | Refusal => instances.get(keyOf(group, name)) ?? gone;

  return {
    add(group, name, settings) {
      if (closed) return shuttingDown;
      const key = keyOf(group, name);
      if (instances.has(key)) return instanceExists;
      if (instances.size >= instancesMax) return tooManyInstances(instancesMax);
      instances.set(key, { group, name, settings, reading: undefined, usedAt: performance.now(), calls: 0, last: Promise.resolve() });
      return undefined;
    },

    find,

    async call<Result>(group: string, name: string, work: (instance: Instance) => Promise<Result>) {
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
    },

    stopReading,

    remove(instance) {
      instances.delete(keyOf(instance.group, instance.name));
      return stopReading(instance);
    },

    isClosed: () => closed,

    async close() {
      closed = true;
      clearInterval(sweeper);
      const all = [...instances.values()];
      instances.clear();
      await Promise.all(all.map(stopReading));
    },
  };
}

async function stopReading(instance: Instance): Promise<void> {
  const { reading } = instance;
  instance.reading = undefined;
  await reading?.consumer.close();
}

function sweep(instances: Map<string, Instance>, idleMs: number, log: Log): void {
  const now = performance.now();
  for (const [key, instance] of instances) {
    if (instance.calls > 0 || now - instance.usedAt < idleMs) continue;
    instances.delete(key);
    log.info('a consumer instance was unused and ends', { group: instance.group, instance: instance.name });
    void stopReading(instance);
  }
}

function keyOf(group: string, name: string): string {
  return `${group}/${name}`;
}
