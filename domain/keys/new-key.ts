import { z } from 'zod';
import { appendScopes, scopes } from '#domain/keys/scopes.ts';
import { parseSpan } from '#domain/keys/spans.ts';

const secondsMax = 10 * 365 * 86_400;
const rateMax = 1_000_000_000_000;
const rate = z
  .int(`must be a whole number from 0 to ${rateMax}; 0 means no limit`)
  .min(0, 'must not be below 0; 0 means no limit')
  .max(rateMax, `must be at most ${rateMax}`);
const oneScope = z.enum(scopes, { error: (issue) => `${JSON.stringify(issue.input)} is no scope; known are ${scopes.join(', ')}` });

export const mustNameScope = `must name one at least; known are ${scopes.join(', ')}`;

/** What a key is made from, the same for the command line and `POST /api/keys`. */
export const newKey = z.strictObject({
  name: z
    .string('must be a text')
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1 to 63 letters, digits, dots, dashes or underscores')
    .meta({ description: 'Who uses the key. Two valid keys may share a name, for rotation.', examples: ['collector'] }),
  scopes: z
    .array(oneScope, 'must be a list of scopes')
    .min(1, mustNameScope)
    .max(100)
    .transform((given) => scopes.filter((scope) => given.includes(scope)))
    .meta({ description: 'What the key may do.', examples: [appendScopes] }),
  eventsPerSecond: rate.optional().meta({ description: "Events a second; unset means the API's default, 0 means no limit." }),
  bytesPerSecond: rate.optional().meta({ description: "Body bytes a second; unset means the API's default, 0 means no limit." }),
  expires: z
    .string('must be a text')
    .refine((text) => (parseSpan(text) ?? secondsMax + 1) <= secondsMax, 'must be a span such as 90d, 12h or 30m, of ten years at most')
    .optional()
    .meta({ description: 'How long the key is valid; unset means until it is revoked.', examples: ['90d'] }),
});
export type NewKey = z.output<typeof newKey>;

/** What is wrong with the wish for a key, one sentence; `nameOf` says how the face in question calls a field. */
export function describeProblems(issues: readonly z.core.$ZodIssue[], nameOf: (field: string) => string): string {
  return issues.map(({ path: [field], message }) => (field === undefined ? message : `${nameOf(String(field))}: ${message}`)).join('; ');
}
