import { loginPath } from '#api/access/credentials.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { Scope } from '#domain/keys/scopes.ts';
import type { Kind } from '#domain/kinds/list.ts';

const advice = `send it as Authorization: Bearer <key>, or log in at ${loginPath}`;
/** What to show, as RFC 9110 has it. */
export const bearerChallenge = 'Bearer realm="pinflow"';

/** Nobody said who asks. */
export const noKey: Refusal = {
  status: 401,
  reason: 'unauthenticated',
  message: `A key is needed here: ${advice}. npx pinflow keys create makes one`,
  headers: { 'WWW-Authenticate': bearerChallenge },
};

export const unknownKey: Refusal = {
  status: 401,
  reason: 'unauthenticated',
  message: 'The key is not known, has expired, or was revoked: use a valid one. npx pinflow keys list shows those there are',
  headers: { 'WWW-Authenticate': `${bearerChallenge}, error="invalid_token"` },
};

export const endedSession: Refusal = {
  ...noKey,
  message: `The session has ended: log in again at ${loginPath}, or send a key as Authorization: Bearer <key>`,
};

/** The cookie is ours, the page is not. */
export const otherPage: Refusal = {
  status: 403,
  reason: 'forbidden',
  message: 'A page of another site sent this with the cookie of this one: send the key as Authorization: Bearer <key> instead',
};

/** Nobody is let in before the keys are known, and nobody is told that his key is wrong. */
export const keysUnavailable: Refusal = {
  status: 503,
  reason: 'keys_unavailable',
  message: 'The keys cannot be read from Postgres at the moment; send this again later',
  headers: { 'Retry-After': '1' },
};

export function lacksScope(scope: Scope): Refusal {
  return { status: 403, reason: 'forbidden', message: `This key may not do that: it lacks the scope ${scope}` };
}

export function mayNotAppend(kind: Kind): Refusal {
  return {
    status: 403,
    reason: 'forbidden',
    message: `This key may not append events of the kind ${kind}: it lacks the scope append:${kind}`,
  };
}
