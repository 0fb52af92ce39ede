import { mayExist, stalled, tooManyWaiting } from '#adapters/kafka/outcomes.ts';
import { allowance } from '#api/access/components.ts';
import { keysUnavailable, lacksScope, mayNotAppend, noKey } from '#api/access/refusals.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded, refusalOfFailure, refusalOfProblem } from '#api/answers/refusal.ts';
import type { BodyLimits } from '#api/door/body-limits.ts';
import {
  badIdempotencyKey,
  bodyTooLarge,
  brokenEncoding,
  noRoomForOutcome,
  otherRequest,
  outcomesUnavailable,
  tooManyBodies,
  twinRunning,
  unknownAck,
  unsupportedEncoding,
  unsupportedType,
} from '#api/door/refusals.ts';
import { readBody } from '#domain/door/read-event.ts';
import type { Scope } from '#domain/keys/scopes.ts';

/** Refusals that every route for events knows, by the name of their example. */
export function eventRefusals(limits: BodyLimits): Record<string, Refusal> {
  return {
    'not-utf8': ofBody(Buffer.from([0xff])),
    ...keyRefusals(mayNotAppend('pin')),
    'twin-running': twinRunning,
    ...bodyRefusals(limits),
    'other-ack': unknownAck,
    'bad-idempotency-key': badIdempotencyKey,
    'other-body': otherRequest,
    'too-fast': allowance.refusal,
    'too-many-outcomes': noRoomForOutcome,
    overloaded: overloaded(tooManyWaiting),
    'log-down': refusalOfFailure(stalled()),
    'outcomes-away': outcomesUnavailable,
    unconfirmed: refusalOfFailure(mayExist(undefined)),
  };
}

/** Refusals of a route that asks for a key; `noScope` is what a key hears that is not good enough. */
function keyRefusals(noScope: Refusal): Record<string, Refusal> {
  return { 'no-key': noKey, 'no-scope': noScope, 'keys-away': keysUnavailable };
}

/** Refusals of a route that asks for a key with the scope. */
export function scopeRefusals(scope: Scope): Record<string, Refusal> {
  return keyRefusals(lacksScope(scope));
}

/** Refusals of a route that has a body. */
export function bodyRefusals({ bytesMax, types, encodings }: BodyLimits): Record<string, Refusal> {
  return {
    'too-large': bodyTooLarge(bytesMax),
    'other-type': unsupportedType(types),
    'other-encoding': unsupportedEncoding(encodings),
    ...(encodings === undefined ? {} : { 'broken-encoding': brokenEncoding([...encodings][0]!) }),
    'too-many-bodies': tooManyBodies,
  };
}

/** The refusal of a body that is no JSON object. */
export function ofBody(body: Buffer): Refusal {
  const read = readBody(body);
  if (read.ok) throw new Error('An example of a bad body is a good one.');
  return refusalOfProblem(read.problem);
}
