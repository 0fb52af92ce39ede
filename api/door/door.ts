import type { Publisher } from '#adapters/kafka/producer.ts';
import type { Log } from '#adapters/log.ts';
import type { Access } from '#api/access/caller.ts';
import type { EventHeaders } from '#api/door/event-headers.ts';
import type { Exchanges } from '#api/door/exchange.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import type { Idempotency } from '#api/door/idempotency.ts';
import type { DoorTelemetry } from '#api/door/telemetry.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { Names } from '#domain/names.ts';

/** What the routes that take events share. */
export type Door = {
  publisher: Pick<Publisher, 'publish'>;
  names: Names;
  makeHeaders: EventHeaders;
  exchanges: Exchanges;
  access: Access;
  idempotency: Idempotency;
  telemetry: DoorTelemetry;
  log: Log;
  budget: BodyBudget;
  /** Kinds of topic and stream names that do not end in one. */
  kindByName: ReadonlyMap<string, Kind>;
  limits: {
    /** Largest body of a single event, and largest value in a request of several. */
    eventBytesMax: number;
    /** Largest body of a request of several events, as sent and as decoded. */
    requestBytesMax: number;
  };
};
