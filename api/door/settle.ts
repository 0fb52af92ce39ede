import type { Outcome } from '#adapters/kafka/producer.ts';
import type { Caller } from '#api/access/caller.ts';
import { mayNotAppend } from '#api/access/refusals.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, refusalOfFailure } from '#api/answers/refusal.ts';
import type { EventRoute, Intake } from '#api/door/event-route.ts';
import type { Taking } from '#api/door/taking.ts';
import { refuse } from '#api/door/taking.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** Checks what the request brings against what the caller may, and has Kafka take it. */
export async function settle({ way, exchange, caller, ack }: Taking, intake: Intake, firstId: string): Promise<Answer> {
  const { events } = intake;
  const forbidden = events.find(({ kind }) => !mayAppend(caller, kind));
  if (forbidden !== undefined) return refuse(way, exchange, mayNotAppend(forbidden.kind));
  if (events.length === 0) return intake.answer([], []);
  const { eventIds, outcomes } = way.publishEvents(events, caller.keyId, firstId);
  if (outcomes instanceof Failure) return refuse(way, exchange, refusalOfFailure(outcomes));
  if (ack === 'none') {
    void outcomes.then((all) => way.door.telemetry.countUnacked(all.filter((outcome) => outcome instanceof Failure).length));
    const said = intake.answer(undefined, eventIds);
    const told = said.status === 200 ? { ...said, status: 202 } : said;
    return { ...told, afterwards: async () => conclude(way.route, told, intake, await outcomes, eventIds) };
  }
  const decided = await outcomes;
  const failure = failureOfAll(decided);
  return failure === undefined ? intake.answer(decided, eventIds) : refuse(way, exchange, refusalOfFailure(failure));
}

/** The same once for the requests with one Idempotency-Key, of which one that cannot be read has an outcome too. */
export async function settleOnce(taking: Taking, { key, hash }: NonNullable<Taking['keyed']>, intake: Intake | Refusal): Promise<Answer> {
  const { way, exchange, caller } = taking;
  const said = await way.door.idempotency.once({ keyId: caller.keyId, route: way.route.name, key, hash: hash.digest() }, async (firstId) =>
    isRefusal(intake) ? refuse(way, exchange, intake) : settle(taking, intake, firstId),
  );
  return 'body' in said ? said : refuse(way, exchange, said);
}

/** The last word on a request whose client did not wait for it: what it was told where that became true. */
function conclude(route: EventRoute, told: Answer, intake: Intake, decided: readonly Outcome[], eventIds: readonly string[]): Answer {
  if (!decided.some((outcome) => outcome instanceof Failure)) return told;
  const failure = failureOfAll(decided);
  return failure === undefined ? intake.answer(decided, eventIds) : route.refuse(refusalOfFailure(failure));
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

function mayAppend(caller: Caller, kind: Kind): boolean {
  return caller.keyId === '' || caller.scopes.has(`append:${kind}`);
}
