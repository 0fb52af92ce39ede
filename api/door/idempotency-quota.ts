import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';

/**
 * Bounds what one API key has in `pinflow.idempotency`, so that none can fill the table. Each process counts what it
 * adds and writes it to `pinflow.idempotency_use` each second, off the hot path, where it reads what all together have:
 * a key may exceed its bound by what it sends within a second.
 */
export type IdempotencyQuota = {
  /** Whether a key may have another outcome kept. */
  hasRoom(keyId: string): boolean;
  /** Counts bytes that a key has now, or, below zero, has no more. */
  add(keyId: string, bytes: number): void;
  /** Writes and reads; never rejects. */
  flush(): Promise<void>;
  /** Stops the clock and writes what waits. */
  close(): Promise<void>;
};

/** `stored`: what all processes have written; `waiting`: what this one has not written yet. */
type Use = { stored: number; waiting: number; usedAtMs: number };

const flushEveryMs = 1_000;
/** Keys that were not used for so long are forgotten; their next use reads anew. */
const forgetMs = 60_000;

export function makeIdempotencyQuota(options: {
  statements: Pick<Statements, 'query'>;
  log: Log;
  keepMs: number;
  bytesMax: number;
}): IdempotencyQuota {
  const { statements, log, keepMs, bytesMax } = options;
  const uses = new Map<string, Use>();
  let flushing: Promise<void> | undefined;
  let failing = false;
  const clock = setInterval(() => void flush(), flushEveryMs);
  clock.unref();

  const useOf = (keyId: string): Use => {
    let use = uses.get(keyId);
    if (use === undefined) uses.set(keyId, (use = { stored: 0, waiting: 0, usedAtMs: 0 }));
    use.usedAtMs = performance.now();
    return use;
  };

  function flush(): Promise<void> {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function write(): Promise<void> {
    const now = performance.now();
    for (const [keyId, use] of uses) if (use.waiting === 0 && now - use.usedAtMs > forgetMs) uses.delete(keyId);
    if (uses.size === 0) return;
    const taken = [...uses].map(([keyId, use]) => ({ keyId, use, bytes: use.waiting }));
    try {
      const sums = await statements.query<{ key_id: string; bytes: number }>(addAndSum, [
        taken.map(({ keyId }) => keyId),
        taken.map(({ bytes }) => bytes),
        keepMs / 1_000,
      ]);
      const before = new Map(sums.map(({ key_id, bytes }) => [key_id, bytes]));
      for (const { keyId, use, bytes } of taken) {
        use.stored = (before.get(keyId) ?? 0) + bytes;
        use.waiting -= bytes;
      }
      failing = false;
    } catch (error) {
      if (!failing) log.warn('what keys have in outcomes cannot be written to Postgres; it waits', { error });
      failing = true;
    }
  }

  return {
    hasRoom(keyId) {
      const { stored, waiting } = useOf(keyId);
      return stored + waiting < bytesMax;
    },
    add(keyId, bytes) {
      useOf(keyId).waiting += bytes;
    },
    flush,
    async close() {
      clearInterval(clock);
      await flush();
      await flush();
    },
  };
}

/**
 * In: $1 key ids, $2 bytes to add, $3 seconds that outcomes are kept.
 * Out: what each key had before. Several processes write the same rows: in one order, so that none waits in a circle.
 */
const addAndSum = `
  WITH added AS (
    INSERT INTO pinflow.idempotency_use AS u (key_id, hour, bytes)
    SELECT key_id, date_trunc('hour', now()), bytes FROM unnest($1::text[], $2::bigint[]) AS n (key_id, bytes)
    WHERE bytes <> 0 ORDER BY key_id
    ON CONFLICT (key_id, hour) DO UPDATE SET bytes = u.bytes + excluded.bytes
  )
  SELECT key_id, sum(bytes)::bigint AS bytes FROM pinflow.idempotency_use
  WHERE key_id = ANY($1::text[]) AND hour > now() - make_interval(secs => $3) - interval '1 hour'
  GROUP BY key_id`;
