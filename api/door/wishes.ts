import type { Request } from 'express';
import type { Refusal } from '#api/answers/refusal.ts';
import { badIdempotencyKey, keyCharactersMax, unknownAck } from '#api/door/refusals.ts';

/** How long a client may want to wait: for Kafka's word (as by default), or not at all. */
export const acks = ['log', 'none'] as const;
export type Ack = (typeof acks)[number];

const keyHeader = 'idempotency-key';

/** `?ack=log` (default) or `?ack=none`. The target is parsed only where it has a query. */
export function readAck(req: Request): Ack | Refusal {
  const query = req.url.indexOf('?');
  const said = query < 0 ? null : new URLSearchParams(req.url.slice(query + 1)).get('ack');
  if (said === null || said === 'log') return 'log';
  if (said === 'none') return 'none';
  return unknownAck;
}

/** The Idempotency-Key; undefined where there is none. */
export function readKey(req: Request): string | undefined | Refusal {
  const key = req.headers[keyHeader];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && key !== '' && key.length <= keyCharactersMax) return key;
  return badIdempotencyKey;
}
