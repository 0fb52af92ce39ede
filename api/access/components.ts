import { loginPath, sessionCookie } from '#api/access/credentials.ts';
import { makeRateLimit } from '#api/access/rate-limit.ts';
import { noKey } from '#api/access/refusals.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { describeHeader } from '#api/openapi/header.ts';
import type { Json } from '#api/openapi/json-schema.ts';

/** What a key hears that may bring 100 events a second: after its first event, and when it has sent more than that. */
export const allowance = spendAllowance();

/** Headers about a key and what it may. */
export const accessHeaders = {
  RateLimit: describeHeader(
    'What is left of the key’s allowance, and in how many seconds all of it is back.',
    allowance.headers['RateLimit']!,
  ),
  'RateLimit-Policy': describeHeader('The key’s allowance a second.', allowance.headers['RateLimit-Policy']!),
  'WWW-Authenticate': describeHeader('How to show a key.', noKey.headers!['WWW-Authenticate']!),
};

/** The ways to show a key. */
export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A key made with `npx pinflow keys create`.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key, for clients that cannot send Authorization.' },
  session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: `What a browser trades its key for at ${loginPath}.` },
};

/** Keys are asked for where they are on; a loopback door asks for none by default. */
export const security: Json[] = [{}, { bearer: [] }, { apiKey: [] }, { session: [] }];

function spendAllowance(): { headers: Readonly<Record<string, string>>; refusal: Refusal } {
  const limit = makeRateLimit({ eventsPerSecond: 100, bytesPerSecond: 0 }, 1)!;
  const { headers } = limit.spend(1, 0, 0);
  limit.owe(100, 0, 0);
  return { headers, refusal: limit.foresee(1, 0, 0)!.refusal };
}
