import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadResult } from '#bench/ingest/load.ts';
import type { Rig, Target } from '#bench/ingest/rig.ts';
import type { Usage } from '#bench/measure/meter.ts';
import { startMeter } from '#bench/measure/meter.ts';

/** One stretch of load on one server, what it cost, and whether every answer is a record. */
export type Run = LoadResult & {
  eventsPerS: number;
  usage: Usage;
  /** CPU seconds of the server, a million events. */
  serverCpuPerMillion: number | undefined;
  brokerCpuPerMillion: number | undefined;
  /** Something else took so much of the machine that the figures say little. */
  disturbed: boolean;
  stored: number;
  /** What does not add up, as sentences; empty in a good run. */
  problems: string[];
};

/** Foreign load, in cores, above which a run is marked and repeated. */
export const foreignCoresMax = 0.2;

const settlePollMs = 100;
const settlePolls = 80;
/** So many equal counts in a row mean that nothing comes any more. */
const settledAfter = 5;

export type RunOptions = {
  rig: Pick<Rig, 'brokers' | 'countStored'>;
  target: Target;
  /** Events that one request brings. */
  eventsPerRequest: number;
  load: () => Promise<LoadResult>;
};

/** Puts load on a server that has none, and compares what was answered with what the log holds more than before. */
export async function measureRun({ rig, target, eventsPerRequest, load }: RunOptions): Promise<Run> {
  // What an earlier load had on its way when it stopped must not count for this one.
  const storedBefore = await settledCount(() => rig.countStored(target.topic));
  const ackedBefore = await target.countAcked?.();
  const stop = startMeter({ server: [target.pid], broker: rig.brokers });
  const result = await load();
  const usage = stop();
  const stored = (await settledCount(() => rig.countStored(target.topic))) - storedBefore;
  const acked = ackedBefore === undefined ? undefined : (await target.countAcked!()) - ackedBefore;
  const events = result.answered * eventsPerRequest;
  const perMillion = (cpuS: number | undefined): number | undefined =>
    cpuS === undefined || stored === 0 ? undefined : (cpuS / stored) * 1e6;
  return {
    ...result,
    eventsPerS: events / result.seconds,
    usage,
    serverCpuPerMillion: perMillion(usage.serverCpuS),
    brokerCpuPerMillion: perMillion(usage.brokerCpuS),
    disturbed: (usage.foreignCores ?? 0) > foreignCoresMax,
    stored,
    problems: findProblems({ ...result, eventsPerRequest, stored, acked }),
  };
}

/** The account of a run: what was answered must be in the log, and nothing else but what was on its way at the end. */
function findProblems(run: {
  answered: number;
  refused: number;
  failed: number;
  uncountedMax: number;
  eventsPerRequest: number;
  stored: number;
  acked: number | undefined;
}): string[] {
  const { answered, refused, failed, eventsPerRequest, stored, acked } = run;
  const least = answered * eventsPerRequest;
  const most = (answered + run.uncountedMax) * eventsPerRequest;
  return [
    ...(refused > 0 ? [`${refused} requests were answered with another status than 2xx.`] : []),
    ...(failed > 0 ? [`${failed} requests got no answer.`] : []),
    ...(answered === 0 ? ['Not one request was answered with 2xx.'] : []),
    ...(stored < least ? [`${least} events were answered with 2xx, but the log holds ${stored} of them.`] : []),
    // Requests without an answer, and refused ones, may exist.
    ...(stored > most + (refused + failed) * eventsPerRequest
      ? [`${least} events were answered with 2xx (and at most ${most - least} were on their way), but the log holds ${stored}.`]
      : []),
    ...(acked !== undefined && acked !== stored ? [`The server counted ${acked} acked events, but the log holds ${stored}.`] : []),
  ];
}

/** The count when it no longer grows: requests that were on their way when the generator stopped end first. */
async function settledCount(count: () => Promise<number>): Promise<number> {
  let last = await count();
  for (let poll = 0, equal = 0; poll < settlePolls && equal < settledAfter; poll++) {
    await sleep(settlePollMs);
    const now = await count();
    equal = now === last ? equal + 1 : 0;
    last = now;
  }
  return last;
}
