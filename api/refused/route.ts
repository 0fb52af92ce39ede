import type { RequestHandler } from 'express';
import type { Statements } from '#adapters/postgres.ts';
import { answerJson } from '#api/answers/answer.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { noKind, readSince } from '#api/operations/since.ts';
import { accountAway } from '#api/refused/refusals.ts';
import { Failure } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { kinds } from '#domain/kinds/list.ts';

export const rowsMax = 1_000;
export const sinceDefault = '1h';

/** `GET /api/refusals?since=&kind=`: who sends garbage, by key and source, newest first; at most 1,000 rows. */
export function makeRefusalsHandler(makeOperation: MakeOperation, statements: Pick<Statements, 'query'>): RequestHandler {
  return makeOperation({
    name: 'refusals',
    scope: 'read',
    async answer({ query }) {
      const sinceMs = readSince(query['since'] ?? sinceDefault);
      if (typeof sinceMs === 'object') return sinceMs;
      const { kind } = query;
      if (kind !== undefined && !kinds.includes(kind as Kind)) return noKind;
      const since = new Date(sinceMs);
      try {
        const refusals = await statements.query(refusalsSql, [since, rowsMax, kind ?? null]);
        return answerJson(200, JSON.stringify({ since, refusals }));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return accountAway(error);
      }
    },
  });
}

// "stage" says who refused: the door, or the stream that could not make a row of what the door took.
const refusalsSql = `
  SELECT * FROM (
    SELECT 'door' AS stage, key_id AS "keyId", source, route, nullif(kind, '') AS kind, status, reason, sum(count)::bigint AS count,
      max(last_at) AS "lastAt", (array_agg(last_request_id ORDER BY last_at DESC))[1] AS "lastRequestId",
      (array_agg(last_message ORDER BY last_at DESC))[1] AS "lastMessage", (array_agg(last_client ORDER BY last_at DESC))[1] AS "lastClient"
    FROM pinflow.door_refusal
    WHERE minute >= date_trunc('minute', $1::timestamptz) AND ($3::text IS NULL OR kind = $3)
    GROUP BY key_id, source, route, kind, status, reason
    UNION ALL
    SELECT 'stream', coalesce(key_id, ''), coalesce(source, ''), NULL, kind, NULL, reason, count(*), max(recorded_at), NULL, NULL, NULL
    FROM pinflow.stream_reject
    WHERE recorded_at >= $1 AND ($3::text IS NULL OR kind = $3)
    GROUP BY key_id, source, kind, reason
  ) both_stages
  ORDER BY "lastAt" DESC, count DESC LIMIT $2`;
