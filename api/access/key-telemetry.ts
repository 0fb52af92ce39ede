import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { KeyRing } from '#api/access/key-ring.ts';

/** Adds what there is to count about keys. A label value is the id of a valid key: as many as people made. */
export function registerKeyTelemetry(registry: Registry, ring: KeyRing): void {
  registry.registerMetric(
    new Gauge({
      name: 'pinflow_api_keys',
      help: 'API keys, by state.',
      labelNames: ['state'],
      // Every process reads the same table.
      aggregator: 'max',
      registers: [],
      collect() {
        for (const [state, count] of Object.entries(ring.counts())) this.set({ state }, count);
      },
    }),
  );
  const perKey = (name: string, help: string, read: (held: { events: number; limitedRequests: number }) => number): void => {
    registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames: ['key'],
        registers: [],
        collect() {
          this.reset();
          for (const held of ring.all()) this.inc({ key: held.caller.keyId }, read(held));
        },
      }),
    );
  };
  perKey('pinflow_door_key_events_total', 'Rows that a key sent within its rate, taken or refused, by key.', ({ events }) => events);
  perKey(
    'pinflow_door_rate_limited_total',
    'Requests that were refused because a key sent too much, by key.',
    (held) => held.limitedRequests,
  );
}
