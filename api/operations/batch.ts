import type { RequestHandler } from 'express';
import type { Postgres } from '#adapters/postgres.ts';
import type { Caller } from '#api/access/caller.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal, overloaded } from '#api/answers/refusal.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { queryOf } from '#api/door/query.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { readWish } from '#api/operations/read-wish.ts';
import { unknownValue } from '#api/operations/since.ts';
import { Failure } from '#domain/failures.ts';
import type { AbandonWish } from '#domain/lake/abandon-wish.ts';
import { abandonWish } from '#domain/lake/abandon-wish.ts';
import { intervalStates } from '#domain/lake/interval-state.ts';
import { retryWish } from '#domain/lake/retry-wish.ts';
import { whyExample } from '#domain/lake/why-example.ts';
import type { Abandoned } from '#interventions/abandon.ts';
import type { Retried } from '#interventions/retry-intervals.ts';
import { refusalOf, retryIntervals } from '#interventions/retry-intervals.ts';
import type { IntervalFilter } from '#questions/list-intervals.ts';
import { listIntervals } from '#questions/list-intervals.ts';

export type BatchDependencies = {
  postgres: Pick<Postgres, 'query' | 'transaction'>;
  /** Has the batch look at its ledger now; false where it cannot be asked. */
  askForLook: () => Promise<boolean>;
  budget: BodyBudget;
  /** Lets the pending publish go. */
  abandon: (wish: AbandonWish, by: string) => Promise<Abandoned>;
};

export const bodyLimits = { bytesMax: 65_536, types: new Set(['application/json']) };
export const limitDefault = 50;
export const limitMax = 1_000;
const filters = [...intervalStates, 'open'] as const;
export const abandonShape = `send {"why": "${whyExample}"}`;
export const retryShape = 'send {"held": true} or {"intervals": ["2026-01-31T12:00:00Z"]}';

/** The ledger of intervals over HTTP, as `pinflow batch` has it. */
export function makeBatchHandlers(
  makeOperation: MakeOperation,
  { postgres, askForLook, budget, abandon }: BatchDependencies,
): Record<'list' | 'retry' | 'abandon', RequestHandler> {
  return {
    list: makeOperation({
      name: 'batch_intervals',
      scope: 'read',
      answer(req) {
        const query = queryOf(req);
        const state = query.get('state') ?? undefined;
        if (state !== undefined && !filters.includes(state as IntervalFilter)) return unknownState;
        const limit = Number(query.get('limit') ?? limitDefault);
        if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) return unknownLimit;
        return orRefusal(async () => {
          const intervals = await listIntervals(postgres, { state: state as IntervalFilter | undefined, limit });
          return answerJson(200, JSON.stringify({ intervals }));
        });
      },
    }),
    retry: makeOperation({
      name: 'batch_retry',
      scope: 'operate',
      async answer(req, caller) {
        const wish = await readWish(req, { schema: retryWish, shape: retryShape }, bodyLimits, budget);
        if (isRefusal(wish)) return wish;
        return orRefusal(async () => {
          const retried = await retryIntervals(postgres, wish, askedBy(caller));
          const refusal = refuseRetry(retried);
          if (refusal !== undefined) return refusal;
          const { dryRun, intervals } = retried;
          const started = !dryRun && intervals.length > 0 && (await askForLook());
          return answerJson(200, JSON.stringify({ dryRun, started, intervals }));
        });
      },
    }),
    abandon: makeOperation({
      name: 'batch_abandon',
      scope: 'operate',
      async answer(req, caller) {
        const wish = await readWish(req, { schema: abandonWish, shape: abandonShape }, bodyLimits, budget);
        if (isRefusal(wish)) return wish;
        try {
          return answerJson(200, JSON.stringify(await abandon(wish, askedBy(caller))));
        } catch (error) {
          return refuseAbandon(error);
        }
      },
    }),
  };
}

function askedBy(caller: Caller | undefined): string {
  return caller?.keyId ? `key ${caller.keyId}` : 'the API, without a key';
}

/** Why nothing was tried again; undefined where it was. */
export function refuseRetry(retried: Pick<Retried, 'unknown' | 'busy'>): Refusal | undefined {
  const message = refusalOf(retried)?.replace(/\.$/, '');
  if (message === undefined) return undefined;
  return retried.unknown.length > 0 ? { status: 404, reason: 'not_found', message } : { status: 409, reason: 'interval_busy', message };
}

/** Whatever else keeps it is of the lake: said, as the one who asks is there to mend it. */
function refuseAbandon(error: unknown): Refusal {
  if (!(error instanceof Failure)) throw error;
  const message = error.message.replace(/\.$/, '');
  if (error.kind === 'missing') return { status: 404, reason: 'not_found', message };
  if (error.kind === 'conflict') return { status: 409, reason: 'publish_busy', message };
  return overloaded(message);
}

export const unknownState = unknownValue('state', `one of ${filters.join(', ')}`);
export const unknownLimit = unknownValue('limit', `a whole number from 1 to ${limitMax}`);

async function orRefusal(work: () => Promise<Answer | Refusal>): Promise<Answer | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure) || !error.canRetry) throw error;
    return overloaded(`The ledger of intervals cannot be reached: ${error.message.replace(/\.$/, '')}`);
  }
}
