import type { Caller } from '#api/access/caller.ts';
import type { KeyRing } from '#api/access/key-ring.ts';
import type { Rates } from '#api/access/rate-limit.ts';
import { keysUnavailable } from '#api/access/refusals.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { beyondOwn } from '#api/keys/refusals.ts';
import type { NewKey } from '#domain/keys/new-key.ts';
import { parseSpan } from '#domain/keys/spans.ts';

/** A key must not make one that may do more than it may itself: more scopes, higher rates, or for longer. */
export function refuseBeyondOwn(caller: Caller | undefined, wanted: NewKey, ring: KeyRing): Refusal | undefined {
  if (caller === undefined || caller.keyId === '') return undefined;
  const lacking = wanted.scopes.find((scope) => !caller.scopes.has(scope));
  if (lacking !== undefined) return beyondOwn(`the scope ${lacking}`);
  const own = ring.byId(caller.keyId);
  // It was revoked a moment ago.
  if (own === undefined) return keysUnavailable;
  const rates = ring.ratesOf(wanted);
  for (const name of ['eventsPerSecond', 'bytesPerSecond'] as const)
    if (bound(rates, name) > bound(own.rates, name))
      return beyondOwn(
        `it has ${own.rates[name]} ${name}, and the new one would have ${rates[name] === 0 ? 'no limit' : rates[name]}; send ${name} of ${own.rates[name]} at most`,
      );
  const expiresAtMs = wanted.expires === undefined ? Number.POSITIVE_INFINITY : Date.now() + parseSpan(wanted.expires)! * 1_000;
  if (expiresAtMs > own.expiresAtMs)
    return beyondOwn(
      `it expires at ${new Date(own.expiresAtMs).toISOString()}, and the new one would be valid for longer; send expires with a span that ends before`,
    );
  return undefined;
}

/** 0 means no limit. */
function bound(rates: Rates, name: keyof Rates): number {
  return rates[name] === 0 ? Number.POSITIVE_INFINITY : rates[name];
}
