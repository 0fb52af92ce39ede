import type { Log } from '#adapters/log.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { Clients } from '#api/access/clients.ts';
import type { Exchange, ExchangeListener } from '#api/door/exchange.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { printable } from '#domain/printable.ts';

/** Refusals that are alike, since the last flush. */
type Tally = {
  route: string;
  kind: Kind | '';
  status: number;
  reason: string;
  keyId: string;
  source: string;
  count: number;
  lastAtMs: number;
  requestId: string;
  message: string;
  client: string;
};

export type RefusalAccount = {
  hear: ExchangeListener;
  /** Writes what waits; never rejects. True when nothing waits any more. */
  flush(): Promise<boolean>;
  /** Stops the clock and writes what waits. */
  close(): Promise<void>;
};

const flushEveryMs = 1_000;
const minuteMs = 60_000;
/**
 * Rows that a minute may make, and tallies in memory. Clients choose sources: beyond the first bound these fold, beyond
 * the second keys do too.
 */
const sourcesMax = 250;
const talliesMax = 500;
const other = '(other)';
const textCharactersMax = 256;

/**
 * Counts what the door refuses, whole requests and single rows, by route, kind, status, reason, key and source, and writes it
 * to `pinflow.door_refusal` each second. While Postgres is away the counts wait and are written with a later minute;
 * where only its answer got lost, they count twice. Memory and rows are bounded whatever clients send.
 */
export function makeRefusalAccount(options: {
  statements: Pick<Statements, 'execute'>;
  log: Log;
  clients: Pick<Clients, 'addressOf'>;
  /** Milliseconds of a clock that tells minutes. */
  now?: () => number;
  count: (route: string, reason: string, times: number) => void;
}): RefusalAccount {
  const { statements, log } = options;
  const now = options.now ?? Date.now;
  let tallies = new Map<string, Tally>();
  /** Of this minute, written or not. */
  let places = new Set<string>();
  let minute = 0;
  let flushing: Promise<boolean> | undefined;
  let failing = false;
  const clock = setInterval(() => void flush(), flushEveryMs);
  clock.unref();

  const hear: ExchangeListener = (exchange, status) => {
    const { refusal, rejected } = exchange;
    if (refusal !== undefined) note(exchange, status, refusal.reason, refusal.message, 1);
    for (const [reason, { count, message }] of rejected.byReason) note(exchange, status, reason, message, count);
  };

  function note(exchange: Exchange, status: number, reason: string, message: string, count: number): void {
    const { route, kind, id, keyId, source, req } = exchange;
    options.count(route, reason, count);
    add({
      route,
      kind,
      status,
      reason,
      keyId,
      source: plain(source),
      count,
      lastAtMs: now(),
      requestId: id,
      message: plain(message),
      client: options.clients.addressOf(req),
    });
  }

  function add(tally: Tally): void {
    rollMinute();
    const place = placeOf(tally);
    if (places.has(place) || places.size < sourcesMax) return addAt(place, tally);
    const folded = { ...tally, source: other };
    if (places.has(placeOf(folded)) || places.size < talliesMax) return addAt(placeOf(folded), folded);
    const most = { ...folded, keyId: other };
    addAt(placeOf(most), most);
  }

  function addAt(place: string, tally: Tally): void {
    places.add(place);
    const found = tallies.get(place);
    if (found === undefined) return void tallies.set(place, { ...tally });
    const { count } = found;
    if (found.lastAtMs <= tally.lastAtMs) Object.assign(found, tally);
    found.count = count + tally.count;
  }

  function rollMinute(): void {
    const thisMinute = Math.floor(now() / minuteMs);
    if (thisMinute === minute) return;
    minute = thisMinute;
    // What still waits for Postgres keeps its place.
    places = new Set(tallies.keys());
  }

  function flush(): Promise<boolean> {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function write(): Promise<boolean> {
    if (tallies.size === 0) return true;
    const taken = [...tallies.values()];
    tallies = new Map();
    const column = <Name extends keyof Tally>(name: Name): Tally[Name][] => taken.map((tally) => tally[name]);
    try {
      await statements.execute(upsert, [
        column('route'),
        column('status'),
        column('reason'),
        column('keyId'),
        column('source'),
        column('kind'),
        column('count'),
        taken.map(({ lastAtMs }) => new Date(lastAtMs)),
        column('requestId'),
        column('message'),
        column('client'),
      ]);
      failing = false;
      return tallies.size === 0;
    } catch (error) {
      if (!failing) log.warn('the account of refusals cannot be written to Postgres; it waits', { error });
      failing = true;
      const since = [...tallies.values()];
      tallies = new Map();
      for (const tally of [...taken, ...since]) add(tally);
      return false;
    }
  }

  return {
    hear,
    flush,
    async close() {
      clearInterval(clock);
      await flush();
      await flush();
    },
  };
}

function placeOf({ route, kind, status, reason, keyId, source }: Tally): string {
  return `${status}\n${route}\n${kind}\n${reason}\n${keyId}\n${source}`;
}

/** Text of a client's that Postgres takes and a terminal may show. */
function plain(text: string): string {
  return printable(text).slice(0, textCharactersMax).toWellFormed();
}

// Several processes write the same rows: in one order, so that none waits for another in a circle.
const upsert = `
  INSERT INTO pinflow.door_refusal AS r
    (route, status, reason, key_id, source, kind, count, last_at, last_request_id, last_message, last_client)
  SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[],
      $9::text[], $10::text[], $11::text[])
    AS n (route, status, reason, key_id, source, kind, count, last_at, last_request_id, last_message, last_client)
  ORDER BY route, status, reason, key_id, source, kind
  ON CONFLICT (minute, route, status, reason, key_id, source, kind) DO UPDATE SET
    count = r.count + excluded.count,
    updated_at = now(),
    last_at = greatest(r.last_at, excluded.last_at),
    last_request_id = CASE WHEN excluded.last_at >= r.last_at THEN excluded.last_request_id ELSE r.last_request_id END,
    last_message = CASE WHEN excluded.last_at >= r.last_at THEN excluded.last_message ELSE r.last_message END,
    last_client = CASE WHEN excluded.last_at >= r.last_at THEN excluded.last_client ELSE r.last_client END`;
