import { fileURLToPath } from 'node:url';
import type { LoadResult } from '#bench/ingest/load.ts';
import { bulkAim, pinAim } from '#bench/ingest/load.ts';
import type { ConstantRate } from '#bench/ingest/constant-rate.ts';
import type { Peer } from '#bench/ingest/peers.ts';
import { floorPeer, inProcesses } from '#bench/ingest/peers.ts';
import type { OpenPeer, Rig } from '#bench/ingest/rig.ts';
import type { Run } from '#bench/ingest/run.ts';
import { measureRun } from '#bench/ingest/run.ts';
import type { Wrk } from '#bench/ingest/wrk.ts';
import { median } from '#bench/measure/numbers.ts';
import { Failure } from '#domain/failures.ts';
import { nodeFlags } from '#stack/node-process.ts';
import { runProgram } from '#stack/tools/run-program.ts';

/** How long and how often. */
export type Effort = {
  warmUpSeconds: number;
  seconds: number;
  /** Rounds over all peers, every other one backwards. */
  rounds: number;
  /** How often a disturbed run is taken again. */
  repeats: number;
};

export type PeerResult = {
  peer: Peer;
  /** Runs at `connections`, closed loop; all that were taken, disturbed ones too. */
  saturated: Run[];
  /** Runs with one connection. */
  single: Run[];
  /** At `rateShare` of its own peak, open loop. */
  constant: (Run & { rate: number }) | undefined;
  /** Why there are no runs. */
  notRun: string | undefined;
};

export type BulkResult = { processes: number; connections: number; run: Run };

export type Bench = {
  rig: Rig;
  wrk: Wrk;
  effort: Effort;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  say: (line: string) => void;
};

export const connections = 64;
export const rateShare = 0.7;
/** More than in the closed loop: what waits for a connection waits in the generator, and would blame the server. */
const constantRateConnections = 256;
const bulkConnections = [1, 2, 4, 8];

/** Runs of which the figures are taken: undisturbed ones, or all where there is no other. */
export function runsThatCount(runs: readonly Run[]): readonly Run[] {
  const quiet = runs.filter(({ disturbed }) => !disturbed);
  return quiet.length > 0 ? quiet : runs;
}

/** Requests a second at saturation. NaN before the first run. */
export function peakOf({ saturated }: Pick<PeerResult, 'saturated'>): number {
  return median(runsThatCount(saturated).map(({ eventsPerS }) => eventsPerS));
}

/** Measures the peers one after the other, there and back, each time as a fresh process on fresh topics. */
export async function measurePeers(bench: Bench, peers: readonly Peer[]): Promise<PeerResult[]> {
  const results = peers.map((peer): PeerResult => ({ peer, saturated: [], single: [], constant: undefined, notRun: undefined }));
  await warmUpBroker(bench);
  for (let round = 0; round < bench.effort.rounds; round++) {
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      if (result.notRun !== undefined) continue;
      await measureRound(bench, result, round === bench.effort.rounds - 1);
    }
  }
  return results;
}

/** The first peer must not pay for a broker whose code is not compiled yet. */
async function warmUpBroker({ rig, wrk, effort, say }: Bench): Promise<void> {
  say('the broker: warming up');
  const opened = await rig.open(floorPeer);
  try {
    await wrk({ url: opened.url, ...pinAim }, { connections, seconds: effort.warmUpSeconds });
  } finally {
    await opened.close();
  }
}

async function measureRound(bench: Bench, result: PeerResult, isLast: boolean): Promise<void> {
  const { rig, wrk, effort, say } = bench;
  const opened = await openOrSayWhyNot(bench, result);
  if (opened === undefined) return;
  const closedLoop = (count: number): (() => Promise<LoadResult>) => {
    return () => wrk({ url: opened.url, ...pinAim }, { connections: count, seconds: effort.seconds });
  };
  const take = (load: () => Promise<LoadResult>): Promise<Run> => measureRun({ rig, target: opened, eventsPerRequest: 1, load });
  try {
    say(`${result.peer.name}: warming up, then ${connections} connections and one`);
    await wrk({ url: opened.url, ...pinAim }, { connections, seconds: effort.warmUpSeconds });
    await takeUntilQuiet(bench, result.saturated, () => take(closedLoop(connections)));
    await takeUntilQuiet(bench, result.single, () => take(closedLoop(1)));
    if (!isLast) return;
    const rate = Math.floor(peakOf(result) * rateShare);
    say(`${result.peer.name}: ${rate} requests a second`);
    const runs: Run[] = [];
    await takeUntilQuiet(bench, runs, () => take(() => runConstantRateApart(bench, opened.url, rate)));
    result.constant = { ...runs.at(-1)!, rate };
  } finally {
    await opened.close();
  }
}

async function openOrSayWhyNot({ rig, say }: Bench, result: PeerResult): Promise<OpenPeer | undefined> {
  try {
    return await rig.open(result.peer);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    result.notRun = error.message;
    say(`${result.peer.name} is not run: ${error.message}`);
    return undefined;
  }
}

async function takeUntilQuiet({ effort, say }: Bench, runs: Run[], take: () => Promise<Run>): Promise<void> {
  for (let attempt = 0; attempt <= effort.repeats; attempt++) {
    const run = await take();
    runs.push(run);
    for (const problem of run.problems) say(`  PROBLEM: ${problem}`);
    if (!run.disturbed || run.problems.length > 0) return;
    say(`  disturbed: other processes took ${run.usage.foreignCores?.toFixed(2)} cores`);
  }
}

/** In a process of its own: the generator's garbage must not stop the clock of this one, nor this one's the generator. */
async function runConstantRateApart({ rig, effort, environment, signal }: Bench, url: string, rate: number): Promise<LoadResult> {
  const load: ConstantRate = {
    rate,
    seconds: effort.seconds,
    warmUpSeconds: Math.min(2, effort.seconds),
    connections: constantRateConnections,
  };
  const child = fileURLToPath(new URL('constant-rate-child.ts', import.meta.url));
  const output = await runProgram({
    command: process.execPath,
    args: [...nodeFlags, child, url, rig.pinsFile, JSON.stringify(load)],
    environment,
    signal,
  });
  return JSON.parse(output) as LoadResult;
}

/**
 * Many events a request, with few connections. One process takes all stages.
 * @returns a sentence where it could not be measured.
 */
export async function measureBulk(bench: Bench, peer: Peer, processes: number): Promise<BulkResult[] | string> {
  const { rig, wrk, effort, say } = bench;
  const opened = await rig.open(inProcesses(peer, processes));
  const aim = { url: opened.url, ...bulkAim };
  try {
    const [first = ''] = rig.pins;
    const trial = await fetch(aim.url + aim.path, { method: 'POST', body: first, headers: { 'Content-Type': aim.contentType } });
    await trial.arrayBuffer();
    if (trial.status !== 200) return `POST ${aim.path} answers ${trial.status}`;
    say(`${peer.name}: bulk, ${processes} ${processes === 1 ? 'process' : 'processes'}`);
    await wrk(aim, { connections: bulkConnections.at(-1)!, seconds: effort.warmUpSeconds });
    const results: BulkResult[] = [];
    for (const count of bulkConnections) {
      const runs: Run[] = [];
      await takeUntilQuiet(bench, runs, () =>
        measureRun({
          rig,
          target: opened,
          eventsPerRequest: aim.linesPerRequest,
          load: () => wrk(aim, { connections: count, seconds: effort.seconds }),
        }),
      );
      results.push(...runs.map((run) => ({ processes, connections: count, run })));
    }
    return results;
  } finally {
    await opened.close();
  }
}
