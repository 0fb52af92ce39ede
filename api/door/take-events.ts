import { createHash } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Caller } from '#api/access/caller.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { Behind } from '#api/door/behind.ts';
import type { Door } from '#api/door/door.ts';
import { apiSource, makeEventId } from '#api/door/event-headers.ts';
import type { EventRoute, Intake } from '#api/door/event-route.ts';
import type { Exchange } from '#api/door/exchange.ts';
import { gatherBody } from '#api/door/gather-body.ts';
import type { Payment } from '#api/door/payment.ts';
import { foreseePayment, payAll, payOn, payRefused, rowsOf } from '#api/door/payment.ts';
import { makePublishEvents } from '#api/door/publish-events.ts';
import { settle, settleOnce } from '#api/door/settle.ts';
import type { Taking, Way } from '#api/door/taking.ts';
import { answer, refuse } from '#api/door/taking.ts';
import { readAck, readKey } from '#api/door/wishes.ts';

/**
 * The way of every request that brings events, whatever dialect its client speaks: identify who asks, read what it
 * brings, decide what becomes of it, answer. The hot path has no await of its own beyond the publisher's.
 */
export function makeTakeEvents(door: Door, route: EventRoute): (req: Request, res: Response, fail: NextFunction) => void {
  const way: Way = { door, route, publishEvents: makePublishEvents(door) };
  return (req, res, fail) => identify(way, req, res, fail);
}

function identify(way: Way, req: Request, res: Response, fail: NextFunction): void {
  const { exchanges, access } = way.door;
  const exchange = exchanges.begin(req, res, way.route.name);
  const caller = access.identify(req);
  if (!isRefusal(caller) || caller.reason !== 'unauthenticated') return read(way, exchange, caller, req, fail);
  // The body waits in its connection. Only whoever is about to be refused gets here.
  access
    .lookUp(req)
    .then((found) => {
      if (!req.destroyed) read(way, exchange, found, req, fail);
    })
    .catch(fail);
}

/** Reads the body, as far as headers, target and allowance let it be read. */
function read(way: Way, exchange: Exchange, caller: Caller | Refusal, req: Request, fail: NextFunction): void {
  const { door, route } = way;
  // Of a stranger nothing is read: the body would not change the answer, and what the target says is no source, or the
  // account of refusals would grow at their will.
  if (isRefusal(caller)) return answer(way, exchange, refuse(way, exchange, caller));
  exchange.keyId = caller.keyId;
  exchange.source = route.sourceOf?.(req) ?? apiSource;
  const payment: Payment = { access: door.access, caller, paid: undefined, refused: undefined };
  // First what the rate says: whatever else is wrong is paid for.
  const taking = foreseePayment(payment, req) ?? open(way, exchange, payment, req);
  const { limits } = route;
  if (isRefusal(taking))
    return gatherBody(req, fail, { limits, budget: door.budget, found: taking }, passOver, (_found, bytes, closeAfter, looked) => {
      exchange.bytesIn = bytes;
      turnDown({ way, exchange, payment }, taking, looked, closeAfter);
    });
  gatherBody(
    req,
    fail,
    { limits, budget: door.budget, found: undefined },
    (chunk) => write(taking, chunk),
    (refusal, bytes, closeAfter, looked) => decide(taking, fail, refusal, bytes, closeAfter, looked),
  );
}

/** The request as it is taken, or what its target and its headers have against it. */
function open(way: Way, exchange: Exchange, payment: Payment, req: Request): Taking | Refusal {
  const ack = readAck(req);
  if (typeof ack === 'object') return ack;
  const key = readKey(req);
  if (typeof key === 'object') return key;
  const reader = way.route.open(req);
  if (isRefusal(reader)) return reader;
  const keyed = key === undefined ? undefined : { key, hash: hashOfTarget(req) };
  return { way, exchange, caller: payment.caller, payment, reader, ack, keyed, decoded: 0 };
}

/** Of a body that is refused nothing is looked at. */
function passOver(): undefined {}

/** Gives the reader the next piece, and pays for what it looked at. */
function write(taking: Taking, chunk: Buffer | undefined): Refusal | Behind | undefined {
  if (chunk !== undefined) {
    taking.decoded += chunk.length;
    taking.keyed?.hash.update(chunk);
  }
  const said = taking.reader.write(chunk);
  // What comes in one piece is paid for at its end.
  if (said === undefined ? taking.decoded === chunk?.length : isRefusal(said)) return said;
  return payOn(taking.payment, said?.rows ?? 0, taking.decoded) ?? said;
}

/** Decides, once the body is read, between what was found against it, what its caller may pay, and Kafka. */
function decide(
  taking: Taking,
  fail: NextFunction,
  refusal: Refusal | undefined,
  bytes: number,
  closeAfter: boolean,
  looked: number,
): void | Promise<void> {
  const { way, exchange, payment, keyed } = taking;
  exchange.bytesIn = bytes;
  // What counts is what it costs us, packed or not.
  const cost = Math.max(looked, taking.decoded);
  const found = refusal ?? (payment.paid && payOn(payment, 0, cost));
  if (found !== undefined) return turnDown(taking, found, cost, closeAfter);
  const intake = taking.reader.end();
  const allowance = payAll(payment, noteRows(exchange, intake), cost);
  const end = (said: Answer): void => answer(way, exchange, said, allowance?.headers);
  if (allowance?.refusal !== undefined) return end(refuse(way, exchange, allowance.refusal));
  // A refusal is an outcome too, which the request's Idempotency-Key gets again.
  if (keyed !== undefined) return settleOnce(taking, keyed, intake).then(end, fail);
  if (isRefusal(intake)) return end(refuse(way, exchange, intake));
  return settle(taking, intake, makeEventId()).then(end, fail);
}

const closing = { Connection: 'close' };

function turnDown(
  { way, exchange, payment }: Pick<Taking, 'way' | 'exchange' | 'payment'>,
  found: Refusal,
  cost: number,
  closeAfter: boolean,
): void {
  const said = refuse(way, exchange, found);
  answer(way, exchange, said, { ...payRefused(payment, found, cost)?.headers, ...(closeAfter ? closing : undefined) });
}

/** Notes what the request brings. @returns its rows, which are paid for. */
function noteRows(exchange: Exchange, intake: Intake | Refusal): number {
  if (isRefusal(intake)) return rowsOf(intake);
  exchange.events = intake.events.length;
  exchange.rejected = intake.rejected;
  return intake.events.length + intake.rejected.count;
}

function hashOfTarget(req: Request) {
  return createHash('sha256').update(`${req.originalUrl}\n${req.headers['content-type'] ?? ''}\n`);
}
