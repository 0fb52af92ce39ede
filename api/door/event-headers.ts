import { v7 as uuidv7 } from 'uuid';
import type { Kind } from '#domain/terms.ts';
import { headerNames } from '#domain/terms.ts';

export type EventHeaders = Record<string, string>;

/** Source of events that came by a route without a name of its own. */
export const apiSource = 'api';

/** Makes the headers of a record. `instance` names the door's process: with its acked ranges, acked = stored can be proven. */
export function makeEventHeaders(instance: string): (kind: Kind, source: string) => EventHeaders {
  let stampedMs = 0;
  let stamp = '';
  return (kind, source) => {
    const now = Date.now();
    if (now !== stampedMs) {
      stampedMs = now;
      stamp = new Date(now).toISOString();
    }
    return {
      [headerNames.eventId]: uuidv7(),
      [headerNames.receivedAt]: stamp,
      [headerNames.kind]: kind,
      [headerNames.source]: source === '' ? apiSource : source,
      [headerNames.instance]: instance,
    };
  };
}
