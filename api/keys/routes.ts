import type { RequestHandler } from 'express';
import type { Postgres } from '#adapters/postgres.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import { keysUnavailable } from '#api/access/refusals.ts';
import type { Answer } from '#api/answers/answer.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { queryOf } from '#api/door/query.ts';
import { refuseBeyondOwn } from '#api/keys/key-bounds.ts';
import { keysOff, newKeyShape } from '#api/keys/refusals.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { readWish } from '#api/operations/read-wish.ts';
import { Failure } from '#domain/failures.ts';
import { newKey } from '#domain/keys/new-key.ts';
import { createKey } from '#keys/create-key.ts';
import { listKeys } from '#keys/list-keys.ts';
import { revokeKey } from '#keys/revoke-key.ts';

export type KeysDependencies = {
  postgres: Pick<Postgres, 'query' | 'transaction'>;
  /** Absent where keys are off. */
  ring: KeyRing | undefined;
  budget: BodyBudget;
};

export const bodyLimits = { bytesMax: 16_384, types: new Set(['application/json']) };

/** The keys over HTTP, as `pinflow keys` has them. Hashes are never shown, a key itself once. */
export function makeKeysHandlers(
  makeOperation: MakeOperation,
  { postgres, ring, budget }: KeysDependencies,
): Record<'list' | 'create' | 'revoke', RequestHandler> {
  return {
    list: makeOperation({
      name: 'keys',
      scope: 'read',
      answer: (req) =>
        orRefusal(async () => {
          const all = queryOf(req).get('all') === 'true';
          return answerJson(200, JSON.stringify({ keys: await listKeys(postgres, { all }) }));
        }),
    }),
    create: makeOperation({
      name: 'keys_create',
      scope: 'operate',
      async answer(req, caller) {
        if (ring === undefined) return keysOff;
        const wanted = await readWish(req, { schema: newKey, shape: newKeyShape }, bodyLimits, budget);
        if (isRefusal(wanted)) return wanted;
        const beyond = refuseBeyondOwn(caller, wanted, ring);
        if (beyond !== undefined) return beyond;
        return orRefusal(async () => {
          const { key, apiKey } = await createKey(postgres, wanted);
          await ring.reload();
          return answerJson(201, JSON.stringify({ ...apiKey, key }));
        });
      },
    }),
    revoke: makeOperation({
      name: 'keys_revoke',
      scope: 'operate',
      answer(req) {
        if (ring === undefined) return keysOff;
        return orRefusal(async () => {
          const { apiKey } = await revokeKey(postgres, String(req.params['id']));
          await ring.reload();
          return answerJson(200, JSON.stringify(apiKey));
        });
      },
    }),
  };
}

/** What Postgres or the rules of keys are against, as a refusal. */
async function orRefusal(work: () => Promise<Answer>): Promise<Answer | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const message = error.message.replace(/\.$/, '');
    if (error.kind === 'missing') return { status: 404, reason: 'not_found', message };
    if (error.kind === 'exists') return { status: 409, reason: 'key_name_taken', message };
    if (error.canRetry) return keysUnavailable;
    throw error;
  }
}
