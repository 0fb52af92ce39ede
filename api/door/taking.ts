import type { Hash } from 'node:crypto';
import type { Caller } from '#api/access/caller.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { Door } from '#api/door/door.ts';
import type { BodyReader, EventRoute } from '#api/door/event-route.ts';
import type { Exchange } from '#api/door/exchange.ts';
import type { Payment } from '#api/door/payment.ts';
import type { PublishEvents } from '#api/door/publish-events.ts';
import type { Ack } from '#api/door/wishes.ts';

/** A door and one of the routes through it. */
export type Way = { readonly door: Door; readonly route: EventRoute; readonly publishEvents: PublishEvents };

/** A request of a caller who may come in, while it is taken. A plain object: the hot path makes no functions. */
export type Taking = {
  readonly way: Way;
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly payment: Payment;
  readonly reader: BodyReader;
  readonly ack: Ack;
  /** The Idempotency-Key, where the client sent one, and the hash of target and body that belongs to it. */
  readonly keyed: { readonly key: string; readonly hash: Hash } | undefined;
  /** Bytes of the body that were given to the reader. */
  decoded: number;
};

/** Writes the answer, and counts it. Only of what is refused anyone wants to know the kind. */
export function answer({ door, route }: Way, exchange: Exchange, said: Answer, more?: Readonly<Record<string, string>>): void {
  if (exchange.refusal !== undefined || exchange.rejected.count > 0) exchange.kind = route.kindOf(exchange.req);
  door.telemetry.countAnswer(route.name, said.status);
  door.exchanges.end(exchange, said, more);
}

/** A refusal in the dialect of the route, noted for whoever hears of the exchange. */
export function refuse({ door, route }: Way, exchange: Exchange, refusal: Refusal): Answer {
  exchange.refusal = refusal;
  if (refusal.reason === 'fault') door.log.error('a request failed', { route: route.name, requestId: exchange.id });
  return route.refuse(refusal);
}
