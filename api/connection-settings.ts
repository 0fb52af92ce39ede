import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { Config } from '#adapters/config.ts';
import type { Clients } from '#api/access/clients.ts';
import type { ConnectionBounds, Connections } from '#api/bound-connections.ts';

/** The bounds that the settings ask for; trusted proxies stand for many, and are bounded by the process alone. */
export function connectionBounds(
  config: Pick<Config, 'apiConnections' | 'apiConnectionsPerAddress' | 'apiProbeConnections'>,
  clients: Pick<Clients, 'peerOf'>,
): ConnectionBounds {
  return {
    connectionsMax: config.apiConnections,
    perAddressMax: config.apiConnectionsPerAddress,
    probesMax: config.apiProbeConnections,
    addressOf: clients.peerOf,
  };
}

export function registerConnectionTelemetry(registry: Registry, connections: Pick<Connections, 'held' | 'beyond'>): void {
  registry.registerMetric(
    new Gauge({
      name: 'pinflow_api_connections',
      help: 'Connections of clients that are open.',
      registers: [],
      collect() {
        this.set(connections.held());
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'pinflow_api_connections_beyond_total',
      help: 'Connections that came beyond a bound and were good for a probe only, by the bound.',
      labelNames: ['bound'],
      registers: [],
      collect() {
        this.reset();
        for (const [bound, count] of Object.entries(connections.beyond())) this.inc({ bound }, count);
      },
    }),
  );
}
