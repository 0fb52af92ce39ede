import type { Publisher } from '#adapters/kafka/producer.ts';
import type { Log } from '#adapters/log.ts';
import type { EventHeaders } from '#api/door/event-headers.ts';
import type { DoorMetrics } from '#api/door/metrics.ts';
import type { Names } from '#domain/names.ts';
import type { Kind } from '#domain/terms.ts';

/** What the routes that take events share. */
export type Door = {
  publisher: Pick<Publisher, 'publish' | 'publishMany'>;
  names: Names;
  makeHeaders: (kind: Kind, source: string) => EventHeaders;
  metrics: DoorMetrics;
  log: Log;
  limits: {
    /** Largest body of a single event, and largest value in a request of several. */
    eventBytesMax: number;
    /** Largest body of a request of several events. */
    requestBytesMax: number;
  };
};
