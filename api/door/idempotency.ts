import type { Answer } from '#api/door/answer.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { Refusal } from '#api/door/refusal.ts';

/** A request that carries an Idempotency-Key. Together caller, route and key are the key's scope. */
export type KeyedRequest = {
  /** Id of the caller's API key; empty for anonymous. */
  keyId: string;
  route: string;
  key: string;
  /** SHA-256 of target (path and query) and body as they were sent. */
  hash: Buffer;
};

/** Remembers outcomes, so that a request with the same Idempotency-Key publishes once. */
export type Idempotency = {
  /**
   * Does the work once per keyed request, or gives back what the first came to. `work` gets the event id to use: a
   * later try of a request that died half-way gets the id of the first.
   */
  once(request: KeyedRequest, work: (eventId: string) => Promise<Answer>): Promise<Answer | Refusal>;
};

/** Keeps outcomes in `pinflow.idempotency`. */
export function makeIdempotency(_postgres: Pick<Postgres, 'query'>): Idempotency {
  return {
    once: async () => ({
      status: 503,
      reason: 'idempotency_unavailable',
      message: 'Outcomes of keyed requests cannot be kept at the moment; send the request again later, or without Idempotency-Key',
      headers: { 'Retry-After': '1' },
    }),
  };
}
