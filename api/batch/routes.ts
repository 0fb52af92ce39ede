import type { RequestHandler } from 'express';
import type { Postgres } from '#adapters/postgres.ts';
import type { Caller } from '#api/access/caller.ts';
import { answerJson } from '#api/answers/answer.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import { ledgerAway, listLimits, refuseAbandon, refuseRetry, stateFilters, unknownLimit, unknownState } from '#api/batch/refusals.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { queryOf } from '#api/door/query.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { unlessAway } from '#api/operations/unless-away.ts';
import { readWish } from '#api/operations/read-wish.ts';
import type { AbandonWish } from '#domain/lake/abandon-wish.ts';
import { abandonWish } from '#domain/lake/abandon-wish.ts';
import { retryWish } from '#domain/lake/retry-wish.ts';
import { whyExample } from '#domain/lake/why-example.ts';
import type { Abandoned } from '#interventions/abandon.ts';
import { retryIntervals } from '#interventions/retry-intervals.ts';
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
        if (state !== undefined && !stateFilters.includes(state as IntervalFilter)) return unknownState;
        const limit = Number(query.get('limit') ?? listLimits.default);
        if (!Number.isInteger(limit) || limit < 1 || limit > listLimits.max) return unknownLimit;
        return unlessAway(async () => {
          const intervals = await listIntervals(postgres, { state: state as IntervalFilter | undefined, limit });
          return answerJson(200, JSON.stringify({ intervals }));
        }, ledgerAway);
      },
    }),
    retry: makeOperation({
      name: 'batch_retry',
      scope: 'operate',
      async answer(req, caller) {
        const wish = await readWish(req, { schema: retryWish, shape: retryShape }, bodyLimits, budget);
        if (isRefusal(wish)) return wish;
        return unlessAway(async () => {
          const retried = await retryIntervals(postgres, wish, askedBy(caller));
          const refusal = refuseRetry(retried);
          if (refusal !== undefined) return refusal;
          const { dryRun, intervals } = retried;
          const started = !dryRun && intervals.length > 0 && (await askForLook());
          return answerJson(200, JSON.stringify({ dryRun, started, intervals }));
        }, ledgerAway);
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
