import type { Allowance } from '#api/access/caller.ts';
import { makeBucket } from '#api/access/gcra.ts';
import type { Paid } from '#api/access/paid.ts';
import type { Costs, Limit } from '#api/access/taken-in-parts.ts';
import { makeTakenInParts } from '#api/access/taken-in-parts.ts';

/** Units a second; 0 means no limit. */
export type Rates = { eventsPerSecond: number; bytesPerSecond: number };

/** What one key may bring to this process. */
export type RateLimit = {
  /**
   * Takes both costs. Where one does not pass it says how long to wait for all of the request, and lets no other be
   * begun before: one that asks again too early would pay for being looked at each time, and never get in.
   */
  spend(events: number, bytes: number, nowMs: number, paid?: Paid, isLast?: boolean): Allowance;
  /** Takes both costs of what is not let in. */
  owe(events: number, bytes: number, nowMs: number): Allowance;
  /** What would be refused of a request that is not begun; undefined where nothing would. Takes nothing. */
  foresee(events: number, bytes: number, nowMs: number): Required<Allowance> | undefined;
};

const noCosts: Costs = { events: 0, bytes: 0 };

/**
 * Limits a key by events and by bytes, a second's worth at a time. Each of several processes gives its share: what they
 * let through together is the key's rate. Undefined where nothing is limited.
 */
export function makeRateLimit({ eventsPerSecond, bytesPerSecond }: Rates, processes: number): RateLimit | undefined {
  const limits = [
    ...(eventsPerSecond === 0 ? [] : [makeLimit('events', eventsPerSecond / processes)]),
    ...(bytesPerSecond === 0 ? [] : [makeLimit('bytes', bytesPerSecond / processes)]),
  ];
  if (limits.length === 0) return undefined;
  const takenInParts = makeTakenInParts(limits);
  const policy = limits.map(describePolicy).join(', ');
  const headersAt = (nowMs: number): Record<string, string> => ({
    'RateLimit-Policy': policy,
    RateLimit: limits
      .map(({ name, bucket }) => `"${name}";r=${bucket.remaining(nowMs)};t=${wholeSeconds(bucket.resetMs(nowMs))}`)
      .join(', '),
  });
  /** What the last request that was looked at and refused would have cost; no other is begun before that fits. */
  let asked: Costs = noCosts;
  const refuse = (exceeded: readonly Limit[], costs: Costs, nowMs: number): Required<Allowance> => {
    const waitMs = Math.max(...limits.map(({ name, bucket }) => bucket.waitMs(costs[name], nowMs)));
    const refusal = rateLimited(exceeded.map(describePolicy).join(', '), Math.max(1, wholeSeconds(waitMs)));
    return { headers: headersAt(nowMs), refusal };
  };
  const owe = (costs: Costs, nowMs: number): void => {
    for (const { name, bucket } of limits) bucket.take(costs[name], nowMs);
  };
  return {
    foresee(events, bytes, nowMs) {
      const costs = { events: Math.max(events, asked.events), bytes: Math.max(bytes, asked.bytes) };
      const exceeded = limits.filter(({ name, bucket }) => bucket.waitMs(costs[name], nowMs) > 0);
      if (exceeded.length > 0) return refuse(exceeded, costs, nowMs);
      asked = noCosts;
      return undefined;
    },
    spend(events, bytes, nowMs, paid, isLast = true) {
      const costs = { events, bytes };
      const exceeded = takenInParts.exceeded(costs, nowMs, paid?.taken);
      if (exceeded.length > 0) {
        owe(costs, nowMs);
        asked = { events: (paid?.events ?? 0) + events, bytes: (paid?.bytes ?? 0) + bytes };
        return refuse(exceeded, asked, nowMs);
      }
      takenInParts.take(costs, nowMs, paid?.taken, isLast);
      return { headers: headersAt(nowMs) };
    },
    owe(events, bytes, nowMs) {
      owe({ events, bytes }, nowMs);
      return { headers: headersAt(nowMs) };
    },
  };
}

function makeLimit(name: Limit['name'], rate: number): Limit {
  return { name, bucket: makeBucket(rate, Math.max(1, rate)) };
}

/** draft-ietf-httpapi-ratelimit-headers: quota q in window w; its quota unit for bytes is "content-bytes". */
function describePolicy({ name, bucket }: Limit): string {
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
