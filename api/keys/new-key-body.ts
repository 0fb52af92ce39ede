import type { Refusal } from '#api/answers/refusal.ts';
import type { NewKey } from '#domain/keys/new-key.ts';
import { describeProblems, newKey } from '#domain/keys/new-key.ts';

/** What to send instead of a body that is no wish for a key. */
export const newKeyShape = 'send {"name": "collector", "scopes": ["append:pin"]}';

/** The wish for a key, from the body of `POST /api/keys`. */
export function checkedNewKey(body: Buffer): NewKey | Refusal {
  const parsed = newKey.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  return {
    status: 422,
    reason: 'invalid_field',
    message: `${describeProblems(parsed.error.issues, (field) => field)}; ${newKeyShape}`,
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // No JSON is no object either: the schema says what is expected.
    return undefined;
  }
}
