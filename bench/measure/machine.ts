import { cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import { treesOf } from '#bench/measure/processes.ts';

/** What the figures were taken on. */
export type Machine = { cores: number; cpu: string; memoryGb: number; node: string; kafka: string };

export function describeMachine(brokers: readonly number[]): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    kafka: kafkaVersionOf(brokers),
  };
}

/** Read off the broker's class path: the protocol does not tell it. */
function kafkaVersionOf(brokers: readonly number[]): string {
  for (const { pid } of treesOf(brokers)) {
    const version = /kafka-clients-([\d.]+)\.jar/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1];
    if (version !== undefined) return version;
  }
  return 'unknown';
}
