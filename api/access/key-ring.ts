import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Caller } from '#api/access/caller.ts';
import type { RateLimit, Rates } from '#api/access/rate-limit.ts';
import { makeRateLimit } from '#api/access/rate-limit.ts';
import { appendScopes } from '#domain/keys/scopes.ts';
import type { ApiKey } from '#keys/keys-table.ts';
import type { ValidKeys } from '#keys/read-valid-keys.ts';
import { readValidKeys, writeLastUses } from '#keys/read-valid-keys.ts';
import { hashOf, isSecret } from '#keys/secrets.ts';

/** A key that may come in, and what it brought to this process so far. */
export type HeldKey = {
  caller: Caller;
  expiresAtMs: number;
  rates: Rates;
  limit: RateLimit | undefined;
  /** Unix ms of the last request; 0 where there was none. */
  usedAtMs: number;
  events: number;
  limitedRequests: number;
};

type WishedRates = { [Name in keyof Rates]?: number | null | undefined };

/**
 * The valid keys in memory, read from Postgres every two seconds, so that no request waits for it. While Postgres is
 * away the ring goes on with the keys it knew; those that expire meanwhile end all the same.
 */
export type KeyRing = {
  /** Whether the keys have ever been read. */
  isLoaded(): boolean;
  findKey(secret: string): HeldKey | undefined;
  findSession(secret: string): HeldKey | undefined;
  byId(id: string): HeldKey | undefined;
  all(): Iterable<HeldKey>;
  counts(): Readonly<Record<ApiKey['state'], number>>;
  /** What a key may bring a second, by its own wish or else by the API's default. */
  ratesOf(wish: WishedRates): Rates;
  /** Reads the keys as they are at this moment or later; never rejects. */
  reload(): Promise<void>;
  /** The same, four times a second at most and shared by all who wait: for what strangers can cause. */
  reloadSoon(): Promise<void>;
  close(): Promise<void>;
};

export type KeyRingOptions = {
  statements: Pick<Statements, 'query' | 'execute'>;
  log: Log;
  /** Of keys that have none of their own. */
  defaultRates: Rates;
  /** Processes that share the rates. */
  processes: number;
};

const reloadMs = 2_000;
const firstLoadRetryMs = 500;
const reloadEveryMsMin = 250;
const writeUsesMs = 10_000;
/** Secrets whose hash is remembered until the next reading. Only those of valid keys get there. */
const knownSecretsMax = 10_000;
const noKeyAdvice = `keys are required, and there is none: make one with npx pinflow keys create --name <name> --scope ${appendScopes.join()}`;

/** Begins to read keys, and goes on until it is closed. */
export function openKeyRing({ statements, log, defaultRates, processes }: KeyRingOptions): KeyRing {
  const closing = new AbortController();
  let byId = new Map<string, HeldKey>();
  let byHash = new Map<string, HeldKey>();
  let sessions = new Map<string, { held: HeldKey; expiresAtMs: number }>();
  let knownSecrets = new Map<string, HeldKey>();
  let counts: ValidKeys['counts'] = { valid: 0, expired: 0, revoked: 0 };
  let isLoaded = false;
  let isFailing = false;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let usesWrittenAtMs = Date.now();
  let reading = Promise.resolve();
  let soon: Promise<void> | undefined;

  const ratesOf = ({ eventsPerSecond, bytesPerSecond }: WishedRates): Rates => ({
    eventsPerSecond: eventsPerSecond ?? defaultRates.eventsPerSecond,
    bytesPerSecond: bytesPerSecond ?? defaultRates.bytesPerSecond,
  });

  function hold(row: ValidKeys['keys'][number]): HeldKey {
    const rates = ratesOf({ eventsPerSecond: row.events_per_second, bytesPerSecond: row.bytes_per_second });
    return {
      caller: { keyId: row.id, name: row.name, scopes: new Set(row.scopes) },
      expiresAtMs: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
      rates,
      limit: makeRateLimit(rates, processes),
      usedAtMs: 0,
      events: 0,
      limitedRequests: 0,
    };
  }

  function take(valid: ValidKeys): void {
    const before = byId;
    byId = new Map();
    byHash = new Map();
    for (const row of valid.keys) {
      // A key is never changed: what it is and what it has used up stays.
      const held = before.get(row.id) ?? hold(row);
      byId.set(row.id, held);
      byHash.set(row.sha256, held);
    }
    sessions = new Map(
      valid.sessions.flatMap(({ sha256, key_id, expires_at }) => {
        const held = byId.get(key_id);
        return held === undefined ? [] : [[sha256, { held, expiresAtMs: expires_at.getTime() }]];
      }),
    );
    knownSecrets = new Map();
    counts = valid.counts;
    if (!isLoaded && byId.size === 0) log.warn(noKeyAdvice);
    isLoaded = true;
  }

  async function read(): Promise<void> {
    triedAtMs = performance.now();
    try {
      take(await readValidKeys(statements));
      if (isFailing) log.info('keys are read again', { keys: byId.size });
      isFailing = false;
    } catch (error) {
      if (!isFailing)
        log.warn(isLoaded ? 'keys cannot be read; those known stay valid' : 'keys cannot be read; nobody is let in', { error });
      isFailing = true;
    }
  }

  // One after the other: a reading that is under way may have begun before what the caller wants to see.
  const reload = (): Promise<void> => (reading = reading.then(read));

  async function writeUses(): Promise<void> {
    const since = usesWrittenAtMs;
    const used = new Map([...byId].filter(([, { usedAtMs }]) => usedAtMs > since).map(([id, { usedAtMs }]) => [id, usedAtMs]));
    const now = Date.now();
    if (used.size > 0) await writeLastUses(statements, used);
    // Not before it is written: what failed is written with the next.
    usesWrittenAtMs = now;
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      await reload();
      if (Date.now() - usesWrittenAtMs >= writeUsesMs && !isFailing)
        await writeUses().catch((error: unknown) => log.warn('the last uses of keys cannot be written; they wait', { error }));
      await delay(isLoaded ? reloadMs : firstLoadRetryMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
  }
  const running = run();

  return {
    isLoaded: () => isLoaded,
    findKey(secret) {
      let held = knownSecrets.get(secret);
      if (held === undefined) {
        if (!isSecret(secret)) return undefined;
        held = byHash.get(hashOf(secret));
        if (held === undefined) return undefined;
        if (knownSecrets.size < knownSecretsMax) knownSecrets.set(secret, held);
      }
      return use(held, held.expiresAtMs);
    },
    findSession(secret) {
      const session = isSecret(secret) ? sessions.get(hashOf(secret)) : undefined;
      return session === undefined ? undefined : use(session.held, Math.min(session.expiresAtMs, session.held.expiresAtMs));
    },
    byId: (id) => byId.get(id),
    all: () => byId.values(),
    counts: () => counts,
    ratesOf,
    reload,
    async reloadSoon() {
      // While Postgres is away there is nothing to wait for; the next turn of the clock tries it.
      if (isFailing) return;
      const waitMs = Math.max(0, triedAtMs + reloadEveryMsMin - performance.now());
      soon ??= delay(waitMs)
        .then(reload)
        .finally(() => {
          soon = undefined;
        });
      await soon;
    },
    async close() {
      closing.abort();
      await running;
      if (!isFailing) await writeUses().catch((error: unknown) => log.warn('the last uses of keys were not written', { error }));
    },
  };
}

function use(held: HeldKey, expiresAtMs: number): HeldKey | undefined {
  const now = Date.now();
  if (now >= expiresAtMs) return undefined;
  held.usedAtMs = now;
  return held;
}
