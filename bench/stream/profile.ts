import { writeFileSync } from 'node:fs';
import type { CpuProfile, Groups } from '#bench/measure/profile.ts';
import { profileNode, selfTimeTables } from '#bench/measure/profile.ts';
import type { Rig } from '#bench/stream/contender.ts';
import { openOurs } from '#bench/stream/open-ours.ts';
import type { Preloaded } from '#bench/stream/preload.ts';
import { measureRun } from '#bench/stream/run.ts';
import { countStatements, resetStatements, statementTimes } from '#bench/stream/statements.ts';
import { findFreePorts } from '#stack/free-ports.ts';

/** Where the time of the worker's main thread may go. */
const groups: Groups = [
  ['stream sink (activities/stream)', /\/activities\/stream\//],
  ['reader (activities/reader)', /\/activities\/reader\//],
  ['DuckDB (adapters/duckdb)', /\/adapters\/duckdb\/|\/node_modules\/@duckdb\//],
  ['Kafka (adapters/kafka)', /\/adapters\/kafka\//],
  ['kafkajs', /\/node_modules\/kafkajs\//],
  ['Postgres driver', /\/adapters\/postgres|\/node_modules\/(pg|pg-[a-z]+|postgres-[a-z]+)\//],
  ['Temporal', /\/node_modules\/@temporalio\//],
  ['domain', /\/domain\//],
  ['other packages', /\/node_modules\//],
  ['node', /^node:/],
];

/**
 * Drains the topic once more under a profiler, writes the profile to `file`, and returns what it and Postgres show. It is
 * of JavaScript on the main thread: DuckDB's own threads are in none of it.
 */
export async function profileOurs(
  rig: Rig,
  preloaded: Preloaded,
  database: string,
  file: string,
  say: (line: string) => void,
): Promise<string> {
  const whyNotCounted = await countStatements(rig, say);
  say('pinflow: profiling');
  const [inspectPort = 0] = await findFreePorts(1);
  const more = { NODE_OPTIONS: `--inspect=127.0.0.1:${inspectPort}` };
  let profile: CpuProfile | undefined;
  let statements = whyNotCounted;
  await measureRun(
    rig,
    preloaded,
    database,
    (url, postgres) => openOurs(rig, url, postgres, more),
    async (drain, postgres) => {
      if (whyNotCounted === undefined) await resetStatements(postgres);
      profile = await profileNode(inspectPort, drain);
      statements ??= await statementTimes(postgres, preloaded.records);
    },
  );
  writeFileSync(file, JSON.stringify(profile));
  return `Self time of the worker's main thread, idle left out (${file})\n${selfTimeTables(profile!, groups)}\n\nTime of Postgres by statement\n${statements}\n`;
}
