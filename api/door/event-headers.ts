import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Kind } from '#domain/kinds/list.ts';
import { headerNames } from '#domain/terms.ts';

/** Makes the headers of a record; `keyId` is empty where no key was used. */
export type EventHeaders = (kind: Kind, source: string, keyId: string, eventId: string) => Record<string, string>;

/** Source of events that came by a route without a name of its own. */
export const apiSource = 'api';

/** `instance` names the door's process: with its acked ranges, acked = stored can be proven. */
export function makeEventHeaders(instance: string): EventHeaders {
  let stampedMs = 0;
  let stamp = '';
  return (kind, source, keyId, eventId) => {
    const now = Date.now();
    if (now !== stampedMs) {
      stampedMs = now;
      stamp = new Date(now).toISOString();
    }
    const headers: Record<string, string> = {
      [headerNames.eventId]: eventId,
      [headerNames.receivedAt]: stamp,
      [headerNames.kind]: kind,
      [headerNames.source]: source === '' ? apiSource : source,
      [headerNames.instance]: instance,
    };
    if (keyId !== '') headers[headerNames.keyId] = keyId;
    return headers;
  };
}

const pool = Buffer.alloc(16 * 256);
let poolAt = pool.length;

/** Event id: UUIDv7 (RFC 9562). Its random bytes are drawn for 256 ids at once; one by one they cost more than parsing the event. */
export function makeEventId(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const random = pool.subarray(poolAt, (poolAt += 16));
  return uuidv7({ random });
}

/** The ids of a keyed request's events: the first is the request's own, the others follow from it by position. */
export function deriveEventId(first: string, position: number): string {
  if (position === 0) return first;
  const tail = (Number.parseInt(first.slice(-8), 16) ^ position) >>> 0;
  return first.slice(0, -8) + tail.toString(16).padStart(8, '0');
}
