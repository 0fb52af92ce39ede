import { createHash } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Outcome } from '#adapters/kafka/producer.ts';
import { mayNotAppend } from '#api/access/refusals.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Caller } from '#api/access/caller.ts';
import type { Door } from '#api/door/door.ts';
import { apiSource, makeEventId } from '#api/door/event-headers.ts';
import type { Behind } from '#api/door/behind.ts';
import type { BodyReader, EventRoute, Intake } from '#api/door/event-route.ts';
import type { Exchange } from '#api/door/exchange.ts';
import { gatherBody } from '#api/door/gather-body.ts';
import type { Payment } from '#api/door/payment.ts';
import { foreseePayment, payAll, payOn, payRefused, rowsOf } from '#api/door/payment.ts';
import { makePublishEvents } from '#api/door/publish-events.ts';
import { badIdempotencyKey, keyCharactersMax, unknownAck } from '#api/door/refusals.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfFailure } from '#api/answers/refusal.ts';
import { Failure } from '#domain/failures.ts';

/** How long the client wants to wait: for Kafka's word, or not at all. */
type Ack = 'log' | 'none';

const keyHeader = 'idempotency-key';

/**
 * The way of every request that brings events, whatever generation its client is: who, what, may they, how much, to
 * Kafka, answer. The hot path has no await of its own beyond the publisher's.
 */
export function makeTakeEvents(door: Door, route: EventRoute): (req: Request, res: Response, fail: NextFunction) => void {
  const publishEvents = makePublishEvents(door);

  function end(exchange: Exchange, answer: Answer, more?: Readonly<Record<string, string>>): void {
    door.metrics.countAnswer(route.name, answer.status);
    door.exchanges.end(exchange, answer, more);
  }

  function refuse(exchange: Exchange, refusal: Refusal): Answer {
    exchange.refusal = refusal;
    if (refusal.reason === 'fault') door.log.error('a request failed', { route: route.name, requestId: exchange.id });
    return route.refuse(refusal);
  }

  /** Checks what the request brings against what the caller may, and has Kafka take it. */
  async function settle(exchange: Exchange, caller: Caller, intake: Intake, ack: Ack, firstId: string): Promise<Answer> {
    const { events } = intake;
    const forbidden = events.find(({ kind }) => !mayAppend(caller, kind));
    if (forbidden !== undefined) return refuse(exchange, mayNotAppend(forbidden.kind));
    if (events.length === 0) return intake.answer([], []);
    const { eventIds, outcomes } = publishEvents(events, caller.keyId, firstId);
    if (outcomes instanceof Failure) return refuse(exchange, refusalOfFailure(outcomes));
    if (ack === 'none') {
      void outcomes.then((all) => door.metrics.countUnacked(all.filter((outcome) => outcome instanceof Failure).length));
      const said = intake.answer(undefined, eventIds);
      const answer = said.status === 200 ? { ...said, status: 202 } : said;
      return { ...answer, afterwards: async () => conclude(answer, intake, await outcomes, eventIds) };
    }
    const decided = await outcomes;
    const failure = failureOfAll(decided);
    return failure === undefined ? intake.answer(decided, eventIds) : refuse(exchange, refusalOfFailure(failure));
  }

  /** The last word on a request whose client did not wait for it: what it was told where that became true. */
  function conclude(told: Answer, intake: Intake, decided: readonly Outcome[], eventIds: readonly string[]): Answer {
    if (!decided.some((outcome) => outcome instanceof Failure)) return told;
    const failure = failureOfAll(decided);
    return failure === undefined ? intake.answer(decided, eventIds) : route.refuse(refusalOfFailure(failure));
  }

  function take(exchange: Exchange, caller: Caller | Refusal, req: Request, fail: NextFunction): void {
    // Of a stranger nothing is read: the body would not change the answer, and what the target says is no source, or the
    // account of refusals would grow at their will.
    if (isRefusal(caller)) return end(exchange, refuse(exchange, caller));
    exchange.keyId = caller.keyId;
    exchange.source = route.sourceOf?.(req) ?? apiSource;
    const ack = readAck(req);
    const key = readKey(req);
    const payment: Payment = { access: door.access, caller, paid: undefined, refused: undefined };
    // First what the rate says: whatever else is wrong is paid for.
    const found = foreseePayment(payment, req) ?? firstRefusal(ack, key);
    const opened = found ?? route.open(req);
    const hash =
      typeof key === 'string' && found === undefined
        ? createHash('sha256').update(`${req.originalUrl}\n${req.headers['content-type'] ?? ''}\n`)
        : undefined;
    let decoded = 0;

    const write = (chunk: Buffer | undefined): Refusal | Behind | undefined => {
      if (chunk !== undefined) {
        decoded += chunk.length;
        hash?.update(chunk);
      }
      const said = (opened as BodyReader).write(chunk);
      // What comes in one piece is paid for at its end.
      if (said === undefined ? decoded === chunk?.length : isRefusal(said)) return said;
      return payOn(payment, said?.rows ?? 0, decoded) ?? said;
    };

    gatherBody(
      req,
      fail,
      { limits: route.limits, budget: door.budget, found: isRefusal(opened) ? opened : undefined },
      write,
      (refusal, bytes, closeAfter, looked) => {
        exchange.bytesIn = bytes;
        const more = closeAfter ? { Connection: 'close' } : undefined;
        // What counts is what it costs us, packed or not.
        const cost = Math.max(looked, decoded);
        refusal ??= payment.paid && payOn(payment, 0, cost);
        if (refusal !== undefined)
          return end(exchange, refuse(exchange, refusal), { ...payRefused(payment, refusal, cost)?.headers, ...more });
        const intake = (opened as BodyReader).end();
        const refused = isRefusal(intake) ? intake : undefined;
        let rows = 0;
        if ('events' in intake) {
          exchange.events = intake.events.length;
          exchange.rejected = intake.rejected;
          rows = intake.events.length + intake.rejected.count;
        } else rows = rowsOf(intake);
        const allowance = payAll(payment, rows, cost);
        const found = allowance?.refusal ?? (hash === undefined ? refused : undefined);
        if (found !== undefined) return end(exchange, refuse(exchange, found), allowance?.headers);
        const work = async (firstId: string): Promise<Answer> =>
          isRefusal(intake) ? refuse(exchange, intake) : settle(exchange, caller, intake, ack as Ack, firstId);
        const answered =
          hash === undefined
            ? work(makeEventId())
            : door.idempotency
                .once({ keyId: caller.keyId, route: route.name, key: key as string, hash: hash.digest() }, work)
                .then((answer) => ('body' in answer ? answer : refuse(exchange, answer)));
        return answered.then((answer) => end(exchange, answer, allowance?.headers), fail);
      },
    );
  }

  return (req, res, fail) => {
    const exchange = door.exchanges.begin(req, res, route.name);
    const caller = door.access.identify(req);
    if (!isRefusal(caller) || caller.reason !== 'unauthenticated') return take(exchange, caller, req, fail);
    // The body waits in its connection. Only whoever is about to be refused gets here.
    door.access
      .lookUp(req)
      .then((found) => {
        if (!req.destroyed) take(exchange, found, req, fail);
      })
      .catch(fail);
  };
}

function mayAppend(caller: Caller, kind: Intake['events'][number]['kind']): boolean {
  return caller.keyId === '' || caller.scopes.has(`append:${kind}`);
}

function firstRefusal(ack: Ack | Refusal, key: string | undefined | Refusal): Refusal | undefined {
  if (typeof ack === 'object') return ack;
  return typeof key === 'object' ? key : undefined;
}

/** `?ack=log` (default) or `?ack=none`. The target is parsed only where it has a query. */
function readAck(req: Request): Ack | Refusal {
  const query = req.url.indexOf('?');
  const said = query < 0 ? null : new URLSearchParams(req.url.slice(query + 1)).get('ack');
  if (said === null || said === 'log') return 'log';
  if (said === 'none') return 'none';
  return unknownAck;
}

function readKey(req: Request): string | undefined | Refusal {
  const key = req.headers[keyHeader];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && key !== '' && key.length <= keyCharactersMax) return key;
  return badIdempotencyKey;
}

/** Where Kafka took none: the failure that says most. "May exist" outranks "was not sent". */
function failureOfAll(outcomes: readonly Outcome[]): Failure | undefined {
  let worst: Failure | undefined;
  for (const outcome of outcomes) {
    if (!(outcome instanceof Failure)) return undefined;
    if (worst === undefined || outcome.kind === 'timeout') worst = outcome;
  }
  return worst;
}
