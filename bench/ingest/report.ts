import type { BulkResult, PeerResult } from '#bench/ingest/measure-peers.ts';
import { connections, peakOf, rateShare, runsThatCount } from '#bench/ingest/measure-peers.ts';
import { fastapiName, fastifyName } from '#bench/ingest/peers.ts';
import type { Run } from '#bench/ingest/run.ts';
import { foreignCoresMax } from '#bench/ingest/run.ts';
import { bestPeak } from '#bench/ingest/targets.ts';
import type { Machine } from '#bench/measure/machine.ts';
import { median, show, showSpread } from '#bench/measure/numbers.ts';
import type { Target } from '#bench/measure/targets.ts';
import { targetTable } from '#bench/measure/targets.ts';
import { plainTable } from '#cli/plain-table.ts';

export type Findings = {
  machine: Machine;
  results: readonly PeerResult[];
  /** A sentence where bulk was not measured. */
  bulk: readonly BulkResult[] | string;
  targets: readonly Target[];
  /** What did not add up. */
  problems: readonly string[];
};

/** The findings as text for a person. */
export function reportOf({ machine, results, bulk, targets, problems }: Findings): string {
  const { cores, cpu, memoryGb, node, kafka } = machine;
  const parts = [
    `${cores} cores (${cpu}), ${memoryGb} GB, Node ${node}, Kafka ${kafka}; server, broker and generator share the machine`,
    `${connections} connections, closed loop; requests a second, latency in ms, CPU seconds a million events\n${saturatedTable(results)}`,
    `One connection, and ${rateShare * 100} % of the own peak at a constant rate (latency from when a request was due)\n${latencyTable(results)}`,
    `Bulk: 1,000 events a request\n${typeof bulk === 'string' ? `not run: ${bulk}` : bulkTable(bulk)}`,
    results.map(({ peer, notRun }) => `${peer.name}: ${peer.about}${notRun === undefined ? '' : `\n  not run: ${notRun}`}`).join('\n'),
    `Targets\n${targetTable(targets)}`,
    problems.length === 0
      ? 'acked = stored in every run, and every answer was a 2xx'
      : `NOT everything adds up:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function saturatedTable(results: readonly PeerResult[]): string {
  const fastapi = bestPeak(results, fastapiName);
  const fastify = bestPeak(results, fastifyName);
  const rows = results.map((result) => {
    if (result.saturated.length === 0) return [result.peer.name, 'not run'];
    const runs = runsThatCount(result.saturated);
    const middle = (of: (run: Run) => number | undefined, digits: number): string =>
      show(median(runs.map((run) => of(run) ?? Number.NaN)), digits);
    return [
      result.peer.name,
      showSpread(runs.map(({ eventsPerS }) => eventsPerS)),
      middle(({ p50Ms }) => p50Ms, 2),
      middle(({ p99Ms }) => p99Ms, 1),
      middle(({ serverCpuPerMillion }) => serverCpuPerMillion, 1),
      middle(({ brokerCpuPerMillion }) => brokerCpuPerMillion, 1),
      middle(({ usage }) => (usage.serverRssBytes === undefined ? undefined : usage.serverRssBytes / 1e6), 0),
      show(peakOf(result) / fastapi, 2),
      show(peakOf(result) / fastify, 2),
      foreignOf(result.saturated),
    ];
  });
  return plainTable(
    ['peer', 'req/s', 'p50', 'p99', 'CPU server', 'CPU broker', 'RSS MB', 'x FastAPI', 'x Fastify', 'foreign cores'],
    padded(rows, 10),
  );
}

function latencyTable(results: readonly PeerResult[]): string {
  const rows = results.map(({ peer, single, constant }) => {
    if (single.length === 0) return [peer.name, 'not run'];
    const runs = runsThatCount(single);
    const middle = (of: 'p50Ms' | 'p99Ms'): string => show(median(runs.map((run) => run[of])), 2);
    return [
      peer.name,
      showSpread(runs.map(({ eventsPerS }) => eventsPerS)),
      middle('p50Ms'),
      middle('p99Ms'),
      foreignOf(single),
      ...(constant === undefined
        ? []
        : [show(constant.rate), show(constant.p50Ms, 2), show(constant.p99Ms, 2), show(constant.maxMs, 1), foreignOf([constant])]),
    ];
  });
  return plainTable(['peer', 'one: req/s', 'p50', 'p99', 'foreign', 'constant: req/s', 'p50', 'p99', 'max', 'foreign'], padded(rows, 10));
}

function bulkTable(bulk: readonly BulkResult[]): string {
  const rows = bulk.map(({ processes, connections, run }) => [
    String(processes),
    String(connections),
    show(run.eventsPerS),
    show(run.p50Ms, 1),
    show(run.p99Ms, 1),
    show(run.serverCpuPerMillion, 2),
    show(run.brokerCpuPerMillion, 2),
    foreignOf([run]),
  ]);
  return plainTable(
    ['processes', 'connections', 'events/s', 'p50', 'p99', 'CPU-us server/event', 'CPU-us broker/event', 'foreign cores'],
    rows,
  );
}

/** The foreign load of each run; those marked with `!` count only where there is no quieter one. */
function foreignOf(runs: readonly Run[]): string {
  return runs.map(({ usage: { foreignCores } }) => `${show(foreignCores, 2)}${(foreignCores ?? 0) > foreignCoresMax ? '!' : ''}`).join(' ');
}

function padded(rows: readonly string[][], columns: number): string[][] {
  return rows.map((row) => [...row, ...new Array<string>(columns - row.length).fill('')]);
}
