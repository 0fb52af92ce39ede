import type { Bucket } from '#api/access/gcra.ts';
import { makeBucket } from '#api/access/gcra.ts';
import type { Allowance } from '#api/door/caller.ts';

/** Units a second; 0 means no limit. */
export type Rates = { eventsPerSecond: number; bytesPerSecond: number };

/** What one key may bring to this process. */
export type RateLimit = {
  /** Takes both costs, or neither and says how long to wait. */
  spend(events: number, bytes: number, nowMs: number): Allowance;
  /** What `spend` would refuse; undefined where it would not. */
  foresee(events: number, bytes: number, nowMs: number): Required<Allowance> | undefined;
};

type Part = { name: 'events' | 'bytes'; bucket: Bucket };

/**
 * Limits a key by events and by bytes, a second's worth at a time. Each of several processes gives its share: what they
 * let through together is the key's rate. Undefined where nothing is limited.
 */
export function makeRateLimit({ eventsPerSecond, bytesPerSecond }: Rates, processes: number): RateLimit | undefined {
  const events = eventsPerSecond === 0 ? undefined : makePart('events', eventsPerSecond / processes);
  const bytes = bytesPerSecond === 0 ? undefined : makePart('bytes', bytesPerSecond / processes);
  const parts = [events, bytes].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const policy = parts.map(describePolicy).join(', ');
  const headersAt = (nowMs: number): Record<string, string> => ({
    'RateLimit-Policy': policy,
    RateLimit: parts
      .map(({ name, bucket }) => `"${name}";r=${bucket.remaining(nowMs)};t=${wholeSeconds(bucket.resetMs(nowMs))}`)
      .join(', '),
  });
  const foresee: RateLimit['foresee'] = (eventCount, byteCount, nowMs) => {
    const eventsWaitMs = events?.bucket.waitMs(eventCount, nowMs) ?? 0;
    const bytesWaitMs = bytes?.bucket.waitMs(byteCount, nowMs) ?? 0;
    if (eventsWaitMs === 0 && bytesWaitMs === 0) return undefined;
    const exceeded = parts.filter(({ name }) => (name === 'events' ? eventsWaitMs : bytesWaitMs) > 0);
    const seconds = Math.max(1, wholeSeconds(Math.max(eventsWaitMs, bytesWaitMs)));
    return { headers: headersAt(nowMs), refusal: rateLimited(exceeded.map(describePolicy).join(', '), seconds) };
  };
  return {
    foresee,
    spend(eventCount, byteCount, nowMs) {
      const refused = foresee(eventCount, byteCount, nowMs);
      if (refused !== undefined) return refused;
      events?.bucket.take(eventCount, nowMs);
      bytes?.bucket.take(byteCount, nowMs);
      return { headers: headersAt(nowMs) };
    },
  };
}

function makePart(name: Part['name'], rate: number): Part {
  return { name, bucket: makeBucket(rate, Math.max(1, rate)) };
}

/** draft-ietf-httpapi-ratelimit-headers: quota q in window w; its quota unit for bytes is "content-bytes". */
function describePolicy({ name, bucket }: Part): string {
  return `"${name}";q=${Math.floor(bucket.burst)};w=1${name === 'bytes' ? ';qu="content-bytes"' : ''}`;
}

function rateLimited(policy: string, seconds: number): NonNullable<Allowance['refusal']> {
  return {
    status: 429,
    reason: 'rate_limited',
    message: `This key has sent more than it may (${policy}); send this again in ${seconds} s`,
    headers: { 'Retry-After': String(seconds) },
  };
}

function wholeSeconds(ms: number): number {
  // A second in floating point may be a hair more than one.
  return Math.ceil(ms / 1_000 - 1e-6);
}
