import type { BulkResult, PeerResult } from '#bench/ingest/measure-peers.ts';
import { peakOf, runsThatCount } from '#bench/ingest/measure-peers.ts';
import { fastapiName, fastifyName, ourName } from '#bench/ingest/peers.ts';
import { median } from '#bench/measure/numbers.ts';
import type { Target } from '#bench/measure/targets.ts';

/** The figures that the product promises itself; they are stated, and nothing fails for them. */
export function findTargets(results: readonly PeerResult[], bulk: readonly BulkResult[]): Target[] {
  const ours = results.find(({ peer }) => peer.name === ourName);
  const peak = ours === undefined ? Number.NaN : peakOf(ours);
  const middle = (runs: PeerResult['single'] | undefined, of: 'p50Ms' | 'p99Ms'): number =>
    median(runsThatCount(runs ?? []).map((run) => run[of]));
  return [
    { name: 'acked POST a second', wanted: 20_000, found: peak, unit: '/s', isFloor: true },
    { name: 'against FastAPI + aiokafka', wanted: 3.5, found: peak / bestPeak(results, fastapiName), unit: 'x', isFloor: true },
    { name: 'against Fastify with our publisher', wanted: 0.9, found: peak / bestPeak(results, fastifyName), unit: 'x', isFloor: true },
    { name: 'one client, p50', wanted: 0.5, found: middle(ours?.single, 'p50Ms'), unit: 'ms', isFloor: false },
    { name: 'p99 at saturation', wanted: 20, found: middle(ours?.saturated, 'p99Ms'), unit: 'ms', isFloor: false },
    {
      name: 'bulk events a second',
      wanted: 100_000,
      found: bulk.length === 0 ? Number.NaN : Math.max(...bestOfStages(bulk)),
      unit: '/s',
      isFloor: true,
    },
  ];
}

/** The best peak among the peers whose names begin so (variants of one peer); NaN where none ran. */
export function bestPeak(results: readonly PeerResult[], name: string): number {
  const peaks = results.filter(({ peer, saturated }) => peer.name.startsWith(name) && saturated.length > 0).map(peakOf);
  return peaks.length === 0 ? Number.NaN : Math.max(...peaks);
}

function bestOfStages(bulk: readonly BulkResult[]): number[] {
  const stages = Map.groupBy(bulk, ({ processes, connections }) => `${processes}/${connections}`).values();
  return [...stages].map((stage) => median(runsThatCount(stage.map(({ run }) => run)).map(({ eventsPerS }) => eventsPerS)));
}
