import type { IncomingMessage } from 'node:http';
import type { ZodType } from 'zod';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { BodyLimits } from '#api/door/body-limits.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import { readWholeBody } from '#api/operations/read-body.ts';
import { describeProblems } from '#domain/keys/new-key.ts';

/** Reads what a body asks for; `shape` tells whoever wrote something else. */
export async function readWish<Wish extends object>(
  req: IncomingMessage,
  { schema, shape }: { schema: ZodType<Wish>; shape: string },
  limits: BodyLimits,
  budget: BodyBudget,
): Promise<Wish | Refusal> {
  const body = await readWholeBody(req, limits, budget);
  if (isRefusal(body)) return body;
  const wish = schema.safeParse(parseJson(body));
  if (wish.success) return wish.data;
  return { status: 422, reason: 'invalid_field', message: `${describeProblems(wish.error.issues, (field) => field)}; ${shape}` };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // No JSON is no object either: the schema says what is expected.
    return undefined;
  }
}
