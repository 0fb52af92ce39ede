import type { Refusal } from '#api/answers/refusal.ts';

/** What to send instead of a body that is no wish for a key. */
export const newKeyShape = 'send {"name": "collector", "scopes": ["append:pin"]}';

/** Whoever reaches the API while it asks nobody could come in by such a key when it asks. */
export const keysOff: Refusal = {
  status: 403,
  reason: 'forbidden',
  message:
    'Without keys nobody is known, so that none is made or revoked over HTTP: use npx pinflow keys create or npx pinflow keys revoke where the API runs',
};

/** `what` says what the new key would have beyond the one that makes it. */
export function beyondOwn(what: string): Refusal {
  return { status: 403, reason: 'forbidden', message: `This key may not give what it lacks itself: ${what}` };
}
