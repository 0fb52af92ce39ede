import type { Bucket } from '#api/access/gcra.ts';

/** What a request costs of each rate. */
export type Costs = Record<'events' | 'bytes', number>;

/** A rate that is limited. */
export type Limit = { readonly name: keyof Costs; readonly bucket: Bucket };

/**
 * Requests that take of the same buckets, some in parts while they are read, so that others see what they took. The first
 * part of one that finds a bucket full makes it lead: it alone goes on beyond the bursts of those that it found full, as if
 * its whole cost had been let through then, and those who took beside it and are still being read do not pass any more. One
 * leads at a time: of two that led one bucket each, each would stop the other. Others may have passed beside it: what
 * flowed in since it began, though at any time no more of that than it had taken before. So each bucket lets through what
 * it would if all requests came in one piece. What was refused is owed, but stops nobody who is being read.
 */
export type TakenInParts = {
  /** The limits that `costs` do not pass now, behind what their request took before. Takes nothing. */
  exceeded(costs: Costs, nowMs: number, taken?: Taken): readonly Limit[];
  /** Takes what passes; `isLast`: all of the request has passed. */
  take(costs: Costs, nowMs: number, taken: Taken | undefined, isLast: boolean): void;
};

/** What a request that is being read took: who led then, how much since, and how often the lead had overdrawn before. */
export type Taken = { lead: Lead | undefined; sinceLead: Costs; overdraws: number };

/** A request that took its first part of full buckets. */
type Lead = {
  taken: Taken;
  /** Those that were full, of which it may go beyond the burst. */
  beyond: ReadonlySet<keyof Costs>;
  /** When it has passed, or is as good as gone: another that finds only some buckets full leads then. */
  overAtMs: number;
  /** How often it went beyond a burst. */
  overdraws: number;
  /** Until what passed beside it, and is not being read any more, has flowed in since it began. */
  besideUntilMs: Costs;
};

/** What pays no part for so long has ended or left, and in any case waits for others. */
const idleMs = 1_000;

export function makeTaken(): Taken {
  return { lead: undefined, sinceLead: { events: 0, bytes: 0 }, overdraws: 0 };
}

export function makeTakenInParts(limits: readonly Limit[]): TakenInParts {
  let lead: Lead | undefined;

  function exceeded(costs: Costs, nowMs: number, taken: Taken | undefined): readonly Limit[] {
    if (taken?.lead !== undefined && taken.lead.overdraws > taken.overdraws) return limits;
    const leading = taken !== undefined && taken === lead?.taken ? lead : undefined;
    const mayGoBeyond = (name: keyof Costs): boolean => leading?.beyond.has(name) === true && leading.besideUntilMs[name] <= nowMs;
    return limits.filter(({ name, bucket }) => bucket.waitMs(costs[name], nowMs) > 0 && !mayGoBeyond(name));
  }

  /** Who leads once this takes its part: it does where all buckets are full, or some while nobody else leads. */
  function leadBehind(taken: Taken, nowMs: number): Lead | undefined {
    const beyond = new Set(limits.filter(({ bucket }) => bucket.resetMs(nowMs) === 0).map(({ name }) => name));
    const isFree = taken.lead === undefined && (lead === undefined || lead.overAtMs <= nowMs);
    if (beyond.size < limits.length && !(isFree && beyond.size > 0)) return lead;
    return { taken, beyond, overAtMs: nowMs, overdraws: 0, besideUntilMs: { events: nowMs, bytes: nowMs } };
  }

  /** What flowed in before now is no more than what the lead had taken. */
  function forgetInflow({ taken, besideUntilMs }: Lead, nowMs: number): void {
    for (const { name, bucket } of limits)
      besideUntilMs[name] = Math.max(besideUntilMs[name], nowMs - taken.sinceLead[name] * bucket.unitMs);
  }

  function note(lead: Lead, costs: Costs, nowMs: number, taken: Taken): void {
    // Its own overdrafts do not stop it either once another leads.
    if (taken === lead.taken && limits.some(({ name, bucket }) => bucket.waitMs(costs[name], nowMs) > 0))
      taken.overdraws = ++lead.overdraws;
    if (taken.lead !== lead) Object.assign(taken, { lead, sinceLead: { events: 0, bytes: 0 }, overdraws: lead.overdraws });
    taken.sinceLead.events += costs.events;
    taken.sinceLead.bytes += costs.bytes;
  }

  function passBeside({ besideUntilMs }: Lead, costs: Costs): void {
    for (const { name, bucket } of limits) besideUntilMs[name] += costs[name] * bucket.unitMs;
  }

  return {
    exceeded,
    take(costs, nowMs, taken, isLast) {
      if (taken !== undefined) lead = leadBehind(taken, nowMs);
      if (lead !== undefined) {
        forgetInflow(lead, nowMs);
        // One that comes in one piece takes no more: it leaves the lead to whoever is being read.
        if (taken === undefined) passBeside(lead, costs);
        else note(lead, costs, nowMs, taken);
        if (taken === lead.taken) lead.overAtMs = isLast ? nowMs : nowMs + idleMs;
        else if (isLast && taken !== undefined) passBeside(lead, taken.sinceLead);
      }
      for (const { name, bucket } of limits) bucket.take(costs[name], nowMs);
    },
  };
}
