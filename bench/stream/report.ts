import { foreignCoresMax } from '#bench/ingest/run.ts';
import type { Machine } from '#bench/measure/machine.ts';
import { median, show, showSpread } from '#bench/measure/numbers.ts';
import type { Target } from '#bench/measure/targets.ts';
import { targetTable } from '#bench/measure/targets.ts';
import type { Preloaded } from '#bench/stream/preload.ts';
import { resendEvery } from '#bench/stream/records.ts';
import type { Run } from '#bench/stream/run.ts';
import { numberOf, plainTable } from '#cli/plain-table.ts';

export type Findings = {
  machine: Machine;
  preloaded: Preloaded;
  partitions: number;
  ours: readonly Run[];
  peer: readonly Run[];
  targets: readonly Target[];
  /** What did not add up. */
  problems: readonly string[];
};

const peerTitle = 'bare loop';
/** Figures of which medians and ratios are made. */
const figures: readonly (readonly [column: string, of: (run: Run) => number | undefined, digits: number])[] = [
  ['records/s', ({ recordsPerS }) => recordsPerS, 0],
  ['CPU-us process', ({ processUs }) => processUs, 1],
  ['CPU-us Postgres', ({ postgresUs }) => postgresUs, 1],
  ['transactions', ({ transactions }) => transactions, 0],
  ['records each', ({ records, transactions }) => records / transactions, 0],
  ['s to the first', ({ firstS }) => firstS, 2],
  ['RSS MB', ({ rssBytes }) => (rssBytes === undefined ? undefined : rssBytes / 1e6), 0],
];

/** The findings as text for a person. */
export function reportOf({ machine, preloaded, partitions, ours, peer, targets, problems }: Findings): string {
  const { cores, cpu, memoryGb, node, kafka } = machine;
  const parts = [
    `${cores} cores (${cpu}), ${memoryGb} GB, Node ${node}, Kafka ${kafka}; reader, broker, Postgres and Temporal share the machine`,
    `${show(preloaded.records)} pins of ${show(preloaded.bytesEach)} bytes in ${partitions} partitions, ${show(preloaded.identities)} identities (every ${resendEvery}th record is sent again); each run drains them into an empty database`,
    `Each run; CPU microseconds a record\n${runTable(ours, peer)}`,
    `Medians (min-max)\n${medianTable(ours, peer)}`,
    [
      'pinflow: the worker as it ships, queues of workflows and stream only; exactly once, every metric, rejects, the account of its batches',
      `${peerTitle}: kafkajs, cleaning in JavaScript of the twelve columns, one upsert and the next offset a transaction; no metric, no fencing, no account`,
    ].join('\n'),
    `Targets\n${targetTable(targets)}`,
    problems.length === 0
      ? 'every record was applied once, and both left the same rows'
      : `NOT everything adds up:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The figures that the product promises itself; they are stated, and nothing fails for them. */
export function findTargets(ours: readonly Run[], peer: readonly Run[]): Target[] {
  const rate = (runs: readonly Run[]): number => median(runs.map(({ recordsPerS }) => recordsPerS));
  return [
    { name: 'records a second, every metric on', wanted: 20_000, found: rate(ours), unit: '/s', isFloor: true },
    { name: `against the ${peerTitle}`, wanted: 0.85, found: rate(ours) / rate(peer), unit: 'x', isFloor: true },
  ];
}

function runTable(ours: readonly Run[], peer: readonly Run[]): string {
  const rowOf = (name: string, run: Run | undefined): string[][] =>
    run === undefined ? [] : [[name, ...figures.map(([, of, digits]) => show(of(run), digits)), foreignOf(run)]];
  const rows = ours.flatMap((run, i) => [...rowOf('pinflow', run), ...rowOf(peerTitle, peer[i])]);
  return plainTable(['', ...figures.map(([column]) => numberOf(column)), numberOf('foreign cores')], rows);
}

function medianTable(ours: readonly Run[], peer: readonly Run[]): string {
  const all = (runs: readonly Run[], of: (run: Run) => number | undefined): number[] => runs.map((run) => of(run) ?? Number.NaN);
  const rowOf = (name: string, runs: readonly Run[]): string[] => [
    name,
    ...figures.map(([, of, digits]) => showSpread(all(runs, of), digits)),
  ];
  const ratios = figures.map(([, of]) => show(median(all(ours, of)) / median(all(peer, of)), 2));
  return plainTable(
    ['', ...figures.map(([column]) => numberOf(column))],
    [rowOf('pinflow', ours), rowOf(peerTitle, peer), ['ratio', ...ratios]],
  );
}

/** Marked where it was so much that the run says little. */
function foreignOf({ foreignCores }: Run): string {
  return `${show(foreignCores, 2)}${(foreignCores ?? 0) > foreignCoresMax ? '!' : ''}`;
}
