import type { Statements } from '#adapters/postgres.ts';

/** A request that carries an Idempotency-Key. Together caller, route and key are the key's scope. */
export type KeyedRequest = {
  /** Id of the caller's API key; empty for anonymous. */
  keyId: string;
  route: string;
  key: string;
  /** SHA-256 of target (path and query) and body as they were sent. */
  hash: Buffer;
};

/** What a caller holds while it works: `eventId` and `attempt` tell it from whoever takes over. */
export type Claim = { eventId: string; attempt: number };

/** An outcome as it was stored; `body` is null where it was too large. */
export type StoredOutcome = { status: number; headers: Record<string, string>; body: Buffer | null };

export type ClaimResult =
  | { found: 'claimed'; claim: Claim; isTakenOver: boolean }
  | { found: 'done'; outcome: StoredOutcome }
  | { found: 'running' | 'mismatch' | 'no room' };

/** The statements on `pinflow.idempotency`. Time is Postgres's own: several processes share the table. */
export type IdempotencyStore = {
  /**
   * Claims the key, or tells what stands in the way; one statement.
   * @param hasRoom whether a row may be added; else only one that is there is taken over or answered.
   */
  claim(request: KeyedRequest, eventId: string, hasRoom: boolean): Promise<ClaimResult>;
  /** Stores the outcome. Changes nothing where another took the claim over. */
  settle(request: KeyedRequest, claim: Claim, outcome: StoredOutcome): Promise<void>;
  /** Gives the claim back: the next request with this key works at once. */
  release(request: KeyedRequest, claim: Claim): Promise<void>;
};

/** A claim without an outcome is taken over after this. */
const takeOverAfter = '10 s';

/** @param keepMs outcomes that are older count as absent; the clean-up deletes them. */
export function makeIdempotencyStore(statements: Pick<Statements, 'prepared' | 'execute'>, keepMs: number): IdempotencyStore {
  type Row = { found: 'claimed' | 'done' | 'running' | 'mismatch'; event_id: string; attempt: number } & StoredOutcome;

  const place = ({ keyId, route, key }: KeyedRequest): string[] => [keyId, route, key];

  return {
    async claim(request, eventId, hasRoom) {
      const ask = (): Promise<Row[]> =>
        statements.prepared<Row>('idempotency_claim', claimSql, [...place(request), request.hash, eventId, keepMs / 1_000, hasRoom]);
      // No row: a twin came in between, which this statement's snapshot does not show. The next one's does.
      const row = (await ask())[0] ?? (await ask())[0];
      if (row === undefined) return { found: hasRoom ? 'running' : 'no room' };
      const { found, event_id, attempt, status, headers, body } = row;
      if (found === 'claimed') return { found, claim: { eventId: event_id, attempt }, isTakenOver: event_id !== eventId };
      return found === 'done' ? { found, outcome: { status, headers, body } } : { found };
    },
    async settle(request, { eventId, attempt }, { status, headers, body }) {
      await statements.prepared('idempotency_settle', settleSql, [
        ...place(request),
        eventId,
        attempt,
        status,
        JSON.stringify(headers),
        body,
      ]);
    },
    async release(request, { eventId, attempt }) {
      const sql = attempt === 1 ? deleteSql : giveUpSql;
      await statements.execute(sql, [...place(request), eventId, attempt]);
    },
  };
}

/**
 * In:  $1 key id, $2 route, $3 key, $4 hash, $5 event id of a new claim, $6 seconds that an outcome is kept, $7 whether a row may be added.
 * Out: one row; none where a twin's row was committed after this statement began, or none may be added.
 */
const claimSql = `
  WITH claimed AS (
    INSERT INTO pinflow.idempotency AS i (key_id, route, key, hash, event_id)
    SELECT $1::text, $2::text, $3::text, $4::bytea, $5::text
    WHERE $7 OR EXISTS (SELECT FROM pinflow.idempotency WHERE key_id = $1 AND route = $2 AND key = $3)
    ON CONFLICT (key_id, route, key) DO UPDATE SET
      hash = excluded.hash,
      event_id = CASE WHEN i.created_at <= now() - make_interval(secs => $6) THEN excluded.event_id ELSE i.event_id END,
      attempt = CASE WHEN i.created_at <= now() - make_interval(secs => $6) THEN 1 ELSE i.attempt + 1 END,
      created_at = CASE WHEN i.created_at <= now() - make_interval(secs => $6) THEN now() ELSE i.created_at END,
      claimed_at = now(), status = NULL, headers = NULL, body = NULL
    WHERE i.created_at <= now() - make_interval(secs => $6)
      OR (i.status IS NULL AND i.hash = excluded.hash AND i.claimed_at <= now() - interval '${takeOverAfter}')
    RETURNING event_id, attempt
  )
  SELECT 'claimed' AS found, event_id, attempt, NULL::int AS status, NULL::jsonb AS headers, NULL::bytea AS body FROM claimed
  UNION ALL
  SELECT CASE WHEN hash <> $4 THEN 'mismatch' WHEN status IS NULL THEN 'running' ELSE 'done' END, event_id, attempt, status, headers,
    CASE WHEN hash = $4 THEN body END
  FROM pinflow.idempotency
  WHERE key_id = $1 AND route = $2 AND key = $3 AND NOT EXISTS (SELECT FROM claimed)`;

const held = 'key_id = $1 AND route = $2 AND key = $3 AND event_id = $4 AND attempt = $5 AND status IS NULL';
const settleSql = `UPDATE pinflow.idempotency SET status = $6, headers = $7, body = $8 WHERE ${held}`;
const deleteSql = `DELETE FROM pinflow.idempotency WHERE ${held}`;
// An earlier attempt may have published: its event id must live on.
const giveUpSql = `UPDATE pinflow.idempotency SET claimed_at = '-infinity' WHERE ${held}`;
