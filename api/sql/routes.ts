import type { RequestHandler } from 'express';
import { z } from 'zod';
import { answerJson } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { BodyBudget } from '#api/door/gathering.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { readWish } from '#api/operations/read-wish.ts';
import { refuseStatement } from '#api/sql/refusals.ts';
import { Failure } from '#domain/failures.ts';
import type { SqlDesk } from '#questions/sql-desk.ts';
import { describeSqlDesk } from '#questions/sql-tables.ts';

export const bodyLimits = { bytesMax: 65_536, types: new Set(['application/json']) };
export const sqlWish = z.strictObject({ sql: z.string().max(60_000) });
export const sqlShape = 'send {"sql": "SELECT 1"}';

/** `GET /api/sql` says what can be asked, `POST /api/sql` asks it; whoever goes away ends his statement. */
export function makeSqlHandlers(
  makeOperation: MakeOperation,
  { sqlDesk, budget }: { sqlDesk: Pick<SqlDesk, 'warm' | 'ask'>; budget: BodyBudget },
): Record<'describe' | 'ask', RequestHandler> {
  return {
    describe: makeOperation({
      name: 'sql_tables',
      scope: 'read',
      answer() {
        sqlDesk.warm();
        return answerJson(200, JSON.stringify(describeSqlDesk()));
      },
    }),
    ask: makeOperation({
      name: 'sql',
      scope: 'read',
      async answer(req) {
        const wish = await readWish(req, { schema: sqlWish, shape: sqlShape }, bodyLimits, budget);
        if (isRefusal(wish)) return wish;
        const gone = new AbortController();
        req.res?.once('close', () => gone.abort());
        return answerJsonOr(() => sqlDesk.ask(wish.sql, gone.signal));
      },
    }),
  };
}

async function answerJsonOr(work: () => Promise<object>): Promise<ReturnType<typeof answerJson> | Refusal> {
  try {
    return answerJson(200, JSON.stringify(await work()));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return refuseStatement(error);
  }
}
