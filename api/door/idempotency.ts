import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { makeEventId } from '#api/door/event-headers.ts';
import type { IdempotencyQuota } from '#api/door/idempotency-quota.ts';
import type { Claim, ClaimResult, KeyedRequest, StoredOutcome } from '#api/door/idempotency-store.ts';
import { makeIdempotencyStore } from '#api/door/idempotency-store.ts';
import { noRoomForOutcome, otherRequest, outcomesUnavailable, twinRunning } from '#api/door/refusals.ts';
import { Failure } from '#domain/failures.ts';

/** Remembers outcomes, so that a request with the same Idempotency-Key publishes once. */
export type Idempotency = {
  /**
   * Does the work once per keyed request, or gives back what the first came to. `work` gets the event id to use: a
   * later try of a request that died half-way gets the id of the first.
   */
  once(request: KeyedRequest, work: (eventId: string) => Promise<Answer>): Promise<Answer | Refusal>;
};

export type IdempotencyKeeper = Idempotency & {
  /** Stores what waits for Kafka's word as soon as that is there; never rejects. */
  close(): Promise<void>;
};

/** What became of a keyed request, as label values. */
export type IdempotentOutcome = 'new' | 'replayed' | 'running' | 'mismatch' | 'taken_over' | 'quota' | 'unavailable';

/** Bound on a claim and on storing an outcome: a keyed request must not hang with Postgres. */
const storeMsMax = 2_000;
/** Requests that wait for a claim at one time. */
const claimsMax = 1_000;
/** What a row costs beside its answer, about: its columns and its part of the indexes. */
const rowBytes = 300;

/**
 * Keeps outcomes in `pinflow.idempotency` for their retention. What may have been published stays pending: after 10 s the next
 * request with the key and body takes it over and publishes with the same event id. So it is when
 * - the process died, or the work failed by a fault of ours;
 * - the answer was "may exist" (504, or single records of several);
 * - the outcome could not be stored. The client still gets it: its events are acked.
 * Where the client does not wait for Kafka (`?ack=none`) the outcome is stored when Kafka has decided, and is pending until
 * then: what was promised in vain must not be repeated as if it were so.
 * A claim whose confirmation got lost stays pending too; its client was told 503, and 409 until the 10 s are over.
 * Work that takes longer than 10 s can be overtaken by its own retry: both publish the same event ids, and only the
 * one that holds the claim stores its outcome.
 */
export function makeIdempotency(options: {
  /** Best a pool of its own: claims must not wait behind other statements. */
  statements: Pick<Statements, 'prepared' | 'execute'>;
  log: Log;
  count: (outcome: IdempotentOutcome) => void;
  keepMs: number;
  /** What one API key may have kept at one time; without a bound where absent. */
  quota?: IdempotencyQuota;
  /** Larger answers are not kept; a replay then says so. */
  answerBytesMax: number;
}): IdempotencyKeeper {
  const { log, count, quota, answerBytesMax } = options;
  const store = makeIdempotencyStore(options.statements, options.keepMs);
  /** Outcomes that wait for Kafka's word, or are being stored after it. */
  const concluding = new Set<Promise<void>>();
  let claiming = 0;
  let failing = false;

  /** The claim, or undefined where Postgres does not give one in time. */
  async function claim(request: KeyedRequest): Promise<ClaimResult | undefined> {
    if (claiming >= claimsMax) return undefined;
    claiming++;
    const asked = store.claim(request, makeEventId(), quota?.hasRoom(request.keyId) ?? true);
    try {
      const result = await within(asked, storeMsMax);
      failing = false;
      return result;
    } catch (error) {
      tell('keyed requests are refused: Postgres does not keep outcomes', error);
      // A claim that comes late has no owner. Where giving it back fails as well, it is taken over after its 10 s.
      asked
        .then(
          (late) => (late.found === 'claimed' ? store.release(request, late.claim) : undefined),
          () => undefined,
        )
        .catch(() => undefined);
      return undefined;
    } finally {
      claiming--;
    }
  }

  function finishAfterwards(request: KeyedRequest, held: Claim, afterwards: () => Promise<Answer>): void {
    const done = afterwards()
      .then((answer) => finish(request, held, answer))
      .catch((error: unknown) => tell('an outcome was not stored: a retry publishes again with the same event id', error))
      .finally(() => concluding.delete(done));
    concluding.add(done);
  }

  async function finish(request: KeyedRequest, held: Claim, answer: Answer): Promise<void> {
    const end = endOf(answer);
    if (end === 'stays pending') return;
    try {
      if (end === 'is given back') {
        await within(store.release(request, held), storeMsMax);
        if (held.attempt === 1) quota?.add(request.keyId, -rowBytes);
        return;
      }
      const outcome = outcomeOf(answer, answerBytesMax);
      // Counted first: one that is stored although its answer got lost is there, too.
      quota?.add(request.keyId, outcome.body?.length ?? 0);
      await within(store.settle(request, held, outcome), storeMsMax);
    } catch (error) {
      tell('an outcome was not stored: a retry publishes again with the same event id', error);
    }
  }

  function tell(what: string, error: unknown): void {
    if (!failing) log.warn(what, { error });
    failing = true;
  }

  return {
    async once(request, work) {
      const result = await claim(request);
      switch (result?.found) {
        case undefined:
          count('unavailable');
          return outcomesUnavailable;
        case 'done':
          count('replayed');
          return replayOf(result.outcome);
        case 'running':
          count('running');
          return twinRunning;
        case 'mismatch':
          count('mismatch');
          return otherRequest;
        case 'no room':
          count('quota');
          return noRoomForOutcome;
        default: {
          count(result!.isTakenOver ? 'taken_over' : 'new');
          if (!result!.isTakenOver) quota?.add(request.keyId, rowBytes);
          const answer = await work(result!.claim.eventId);
          if (answer.afterwards === undefined) await finish(request, result!.claim, answer);
          else finishAfterwards(request, result!.claim, answer.afterwards);
          return answer;
        }
      }
    },
    async close() {
      await Promise.all(concluding);
      await quota?.close();
    },
  };
}

/** An outcome is stored where it is the last word on the request; a claim is given back where nothing was sent. */
function endOf({ status, isRetriable }: Answer): 'is stored' | 'is given back' | 'stays pending' {
  if (status === 503 || refusedForNow.has(status)) return 'is given back';
  return status >= 500 || isRetriable === true ? 'stays pending' : 'is stored';
}

/** Refusals that say nothing about the events. */
const refusedForNow: ReadonlySet<number> = new Set([401, 403, 409, 429]);

function outcomeOf({ status, headers, body }: Answer, bodyBytesMax: number): StoredOutcome {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { status, headers: { ...headers }, body: bytes.length > bodyBytesMax ? null : bytes };
}

const replayed = { 'Idempotency-Replayed': 'true' };

function replayOf({ status, headers, body }: StoredOutcome): Answer {
  if (body !== null) return { status, headers: { ...headers, ...replayed }, body };
  const message = `This request was answered with ${status} before; the body of that answer was too large to be kept.`;
  return answerJson(status, JSON.stringify({ message }), replayed);
}

/** @throws Failure `timeout` where the work takes longer; it goes on nevertheless. */
async function within<Result>(work: Promise<Result>, timeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Failure('timeout', `Postgres did not answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
