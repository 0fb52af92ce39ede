import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { show, showSpread } from '#bench/measure/numbers.ts';
import { targetTable } from '#bench/measure/targets.ts';
import { processesOf, startWholeStack } from '#bench/measure/whole-stack.ts';
import { environmentOverStack, loadConfig } from '#adapters/config.ts';
import { makeKafkaClient } from '#adapters/kafka/client.ts';
import { makeKafkaTopics } from '#adapters/kafka/topics.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import { plainTable } from '#cli/plain-table.ts';
import { nodeFlags } from '#stack/node-process.ts';
import { projectFolder } from '#stack/project.ts';
import type { StopRequest } from '#stack/until-stopped.ts';

export type RecoveryOptions = { rounds?: number };

/** Records up to which Kafka and both readers are, over all topics. Asking fails while a server is away. */
type Progress = { inKafka: number; streamed: number; landed: number };

const ROUNDS = 3;
const RATE = 100;
const POLL_MS = 50;
const GIVE_UP_MS = 120_000;
/** Of the worker: docs/guarantees.md, 7. Kafka's own start is most of its time. */
const WANTED_S = 15;
const victims = ['worker', 'kafka'] as const;

/**
 * Kills the worker and then Kafka (SIGKILL) while an emulator posts, and measures how long it takes until both readers
 * are beyond where the log ended when that was done.
 * @returns the exit code: 0 where they moved on each time, however long it took.
 */
export async function runRecovery({ rounds = ROUNDS }: RecoveryOptions, home: string, { signal }: StopRequest): Promise<number> {
  const stack = await startWholeStack(home, signal, { LANDING_FLUSH_MS: '500' });
  const { environment } = stack;
  const progress = openProgress(environment);
  const emulator = spawn(
    process.execPath,
    [
      ...nodeFlags,
      join(projectFolder, 'cli', 'pinflow.ts'),
      'emulate',
      '--rate',
      String(RATE),
      '--seed',
      '11',
      '--shape',
      'pin',
      '--quiet',
    ],
    { cwd: projectFolder, env: environment, stdio: 'ignore' },
  );
  try {
    await until(progress.read, ({ streamed, landed }) => streamed > RATE && landed > RATE, signal);
    const seconds = new Map<string, number[]>();
    for (const victim of victims) {
      seconds.set(victim, []);
      for (let round = 0; round < rounds; round++) {
        const { inKafka } = await progress.read();
        const { pid } = processesOf(home).find(({ name }) => name === victim)!;
        process.kill(pid, 'SIGKILL');
        const killedAt = performance.now();
        await until(progress.read, ({ streamed, landed }) => streamed > inKafka && landed > inKafka, signal);
        seconds.get(victim)!.push((performance.now() - killedAt) / 1_000);
      }
    }
    process.stdout.write(`${reportOf(seconds)}\n`);
    return 0;
  } finally {
    emulator.kill('SIGINT');
    await progress.close();
    await stack.stop();
  }
}

function openProgress(environment: NodeJS.ProcessEnv): { read: () => Promise<Progress>; close: () => Promise<unknown> } {
  const config = loadConfig(environmentOverStack(environment));
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-bench' });
  const topics = makeKafkaTopics(makeKafkaClient(config, 'pinflow-bench'));
  const names = makeNames(config.prefix);
  return {
    read: async () => {
      const [row] = await postgres.query<{ streamed: number; landed: number }>(
        `SELECT (SELECT coalesce(sum(last_offset - first_offset + 1), 0)::bigint FROM pinflow.stream_batch) AS streamed,
           (SELECT coalesce(sum(records), 0)::bigint FROM pinflow.landing_range WHERE state = 'landed') AS landed`,
      );
      const offsets = await Promise.all(names.topics.map((topic) => topics.fetchOffsets(topic)));
      return { ...row!, inKafka: offsets.flat().reduce((sum, { low, high }) => sum + high - low, 0) };
    },
    close: () => Promise.allSettled([postgres.close(), topics.close()]),
  };
}

/** Asks until it is so. A question that fails is asked again: a server that was killed is coming back. */
async function until(read: () => Promise<Progress>, isSo: (progress: Progress) => boolean, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (let cause: unknown; ;) {
    signal.throwIfAborted();
    try {
      if (isSo(await read())) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > giveUpAt) throw new Error(`The readers did not move on within ${GIVE_UP_MS / 1_000} s.`, { cause });
    await delay(POLL_MS, undefined, { signal });
  }
}

function reportOf(seconds: ReadonlyMap<string, readonly number[]>): string {
  const rows = [...seconds].map(([victim, took]) => [victim, showSpread(took, 1), took.map((one) => show(one, 1)).join(' ')]);
  const worker = {
    name: 'kill -9 of the worker, slowest',
    wanted: WANTED_S,
    found: Math.max(...(seconds.get('worker') ?? [])),
    unit: 's',
    isFloor: false,
  };
  return [
    `Seconds until both readers moved on after kill -9, ${RATE} events/s\n${plainTable(['process', 'median (min-max)', 'each'], rows)}`,
    `Targets\n${targetTable([worker])}`,
  ].join('\n\n');
}
