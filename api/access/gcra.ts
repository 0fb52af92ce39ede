/**
 * A bucket of the generic cell rate algorithm: `rate` units a second flow in, `burst` fit. A cost above the burst is let
 * through where the bucket is full, and waited for afterwards: what passes in any W seconds is at most rate * W + the
 * larger of burst and the largest cost. Times are milliseconds of any clock that does not go back.
 *
 * A request may take its cost in parts while it is read, so that others see what it took. The first part of one that
 * finds the bucket full makes it lead: it alone goes on beyond the burst, as if its whole cost had been let through then,
 * and those who took beside it and are still being read do not pass any more. Others may have passed beside it: what
 * flowed in since it began, though at any time no more of that than it had taken before, which keeps the sum above. What
 * was refused is owed, but stops nobody who is being read.
 */
export type Bucket = {
  /** How long until `cost` may pass; 0 where it may now. Takes nothing. No cost never waits. */
  waitMs(cost: number, nowMs: number): number;
  /** Whether `cost` may pass now, behind what its request took before. */
  passes(cost: number, nowMs: number, taken?: Taken): boolean;
  /** Takes what passes. */
  take(cost: number, nowMs: number, taken?: Taken): void;
  /** All of the request has passed, its last part just now. */
  finish(taken: Taken): void;
  /** Takes what did not pass and was looked at all the same. Its request takes no more. */
  owe(cost: number, nowMs: number): void;
  /** Whole units that may pass at once. */
  remaining(nowMs: number): number;
  /** Until it is full. */
  resetMs(nowMs: number): number;
  readonly burst: number;
};

/** What a request that is being read took of a bucket: who led then, how much since, and how often the lead had overdrawn before. */
export type Taken = { lead: Lead | undefined; sinceLead: number; overdraws: number };

/** A request that took a part of the full bucket, and how often it went beyond the burst afterwards. */
type Lead = { taken: Taken; overdraws: number };

export function makeTaken(): Taken {
  return { lead: undefined, sinceLead: 0, overdraws: 0 };
}

export function makeBucket(rate: number, burst: number): Bucket {
  const unitMs = 1_000 / rate;
  const depthMs = burst * unitMs;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  let lead: Lead | undefined;
  /** Until what passed beside the lead, and is not being read any more, has flowed in since the lead began. */
  let besideUntilMs = 0;
  const missingMs = (nowMs: number): number => Math.max(0, fullAtMs - nowMs);
  const waitMs = (cost: number, nowMs: number): number =>
    cost === 0 ? 0 : Math.max(0, missingMs(nowMs) - Math.max(0, depthMs - cost * unitMs));
  const owe = (cost: number, nowMs: number): void => {
    fullAtMs = nowMs + missingMs(nowMs) + cost * unitMs;
  };

  function passes(cost: number, nowMs: number, taken: Taken | undefined): boolean {
    if (taken === undefined) return waitMs(cost, nowMs) === 0;
    if (taken.lead !== undefined && taken.lead.overdraws > taken.overdraws) return false;
    return waitMs(cost, nowMs) === 0 || (taken === lead?.taken && besideUntilMs <= nowMs);
  }

  function take(cost: number, nowMs: number, taken: Taken | undefined): void {
    // One that comes in one piece takes no more: it leaves the lead to whoever is being read.
    if (missingMs(nowMs) === 0 && taken !== undefined) {
      lead = { taken, overdraws: 0 };
      besideUntilMs = nowMs;
    }
    if (lead !== undefined) besideUntilMs = Math.max(besideUntilMs, nowMs - lead.taken.sinceLead * unitMs);
    if (taken === undefined) besideUntilMs += cost * unitMs;
    else if (lead !== undefined) {
      // Its own overdrafts do not stop it either once another leads.
      if (taken === lead.taken && waitMs(cost, nowMs) > 0) taken.overdraws = ++lead.overdraws;
      if (taken.lead !== lead) Object.assign(taken, { lead, sinceLead: 0, overdraws: lead.overdraws });
      taken.sinceLead += cost;
    }
    owe(cost, nowMs);
  }

  return {
    burst,
    waitMs,
    passes,
    take,
    finish(taken) {
      if (taken.lead === lead && taken !== lead?.taken) besideUntilMs += taken.sinceLead * unitMs;
    },
    owe,
    remaining: (nowMs) => Math.max(0, Math.floor((depthMs - missingMs(nowMs)) / unitMs + 1e-9)),
    resetMs: missingMs,
  };
}
