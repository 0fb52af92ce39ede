import { Command, InvalidArgumentError } from 'commander';
import { rmSync } from 'node:fs';
import type { FootprintOptions } from '#bench/footprint/footprint.ts';
import { runFootprint } from '#bench/footprint/footprint.ts';
import type { IngestOptions } from '#bench/ingest/ingest.ts';
import { runIngest } from '#bench/ingest/ingest.ts';
import type { Peer } from '#bench/ingest/peers.ts';
import { choosePeers, ourName, ourselvesIn } from '#bench/ingest/peers.ts';
import type { RecoveryOptions } from '#bench/recovery/recovery.ts';
import { runRecovery } from '#bench/recovery/recovery.ts';
import type { StreamOptions } from '#bench/stream/stream.ts';
import { runStream } from '#bench/stream/stream.ts';
import { Failure } from '#domain/failures.ts';
import type { ServerName } from '#stack/endpoints.ts';
import { homeOfRun, removeStaleHomes } from '#stack/run-homes.ts';
import type { Session } from '#stack/session.ts';
import { withServers } from '#stack/session.ts';
import type { StopRequest } from '#stack/until-stopped.ts';
import { listenForStop } from '#stack/until-stopped.ts';

/**
 * `npm run bench -- <benchmark>`: each measures the product beside its peers, on servers of this run alone (or on those
 * whose endpoints the environment gives).
 */
const program = new Command('npm run bench --').description('Benchmarks: the product beside its peers, on one machine, in one run.');

program
  .command('ingest')
  .description('acked events a second of the API, Fastify, node:http, Express as usual, and FastAPI')
  .option('--quick', 'one short round: to see that everything runs, not for figures')
  .option('--peers <names>', 'only these, separated by commas', peersOf)
  .option('--against <checkout>', 'and the API of another checkout of Pinflow: what a change has cost', checkoutOf)
  .option('--seconds <n>', 'length of a run', positive)
  .option('--rounds <n>', 'rounds over the peers, there and back', positive)
  .option('--json <file>', 'write all figures')
  .option('--profile [file]', 'profile the API once more under the same load, into this file')
  .action(async ({ profile, ...options }: Omit<IngestOptions, 'profile'> & { profile?: string | true }, command: Command) => {
    const file = profile === true ? 'ingest.cpuprofile' : profile;
    if (file !== undefined && options.peers?.some(({ name }) => name === ourName) === false)
      command.error(`error: --profile is of ${ourName}, which --peers leaves out: add it there, or leave --profile out.`);
    await onServers(['kafka', 'postgres'], (session) =>
      runIngest({ ...options, ...(file === undefined ? {} : { profile: file }) }, session),
    );
  });

program
  .command('footprint')
  .description('what the whole stack costs: seconds to start, CPU and memory at rest, seconds of a small command')
  .option('--quick', 'a few seconds: to see that everything runs, not for figures')
  .option('--seconds <n>', 'how long rest is measured', positive)
  .option('--json <file>', 'write all figures')
  .action((options: FootprintOptions) => onWholeStack((home, stop) => runFootprint(options, home, stop)));

program
  .command('recovery')
  .description('seconds until both readers move on after kill -9 of the worker and of Kafka, while events flow')
  .option('--rounds <n>', 'kills of each', positive)
  .action((options: RecoveryOptions) => onWholeStack((home, stop) => runRecovery(options, home, stop)));

program
  .command('stream')
  .description('records a second that the stream path drains into Postgres, beside a bare loop of kafkajs and upserts')
  .option('--quick', 'few records, one run: to see that everything runs, not for figures')
  .option('--records <n>', 'records in the topic', positive)
  .option('--runs <n>', 'drains of each, in turn', positive)
  .option('--json <file>', 'write all figures')
  .option('--profile [file]', 'drain once more under a profiler, into this file, and show the time of Postgres by statement')
  .action(({ profile, ...options }: Omit<StreamOptions, 'profile'> & { profile?: string | true }) => {
    const file = profile === true ? 'stream.cpuprofile' : profile;
    return onServers(['kafka', 'postgres', 'temporal'], (session) =>
      runStream({ ...options, ...(file === undefined ? {} : { profile: file }) }, session),
    );
  });

/** Runs a benchmark that starts a whole stack itself. */
async function onWholeStack(benchmark: (home: string, stop: StopRequest) => Promise<number>): Promise<void> {
  const stop = listenForStop();
  await inHomeOfRun(async (home) => {
    try {
      return await benchmark(home, stop);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
      return 1;
    }
  });
}

/** Runs a benchmark over servers of its own. Only what it needs is started. */
async function onServers(servers: readonly ServerName[], benchmark: (session: Session) => Promise<number>): Promise<void> {
  const stop = listenForStop();
  await inHomeOfRun((home) => withServers({ home, anyPorts: true, stop, servers }, benchmark));
}

/** Gives `work` a home of its own, which goes when all went well. */
async function inHomeOfRun(work: (home: string) => Promise<number>): Promise<void> {
  await removeStaleHomes();
  const home = homeOfRun(`bench-${process.pid}`);
  const code = await work(home);
  if (code === 1) process.stderr.write(`What the run left, logs included, is kept in ${home} until the next run.\n`);
  else rmSync(home, { recursive: true, force: true });
  process.exitCode = code;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}

function peersOf(text: string): readonly Peer[] {
  return orInvalid(() => choosePeers(text.split(',').map((name) => name.trim())));
}

function checkoutOf(folder: string): Peer {
  return orInvalid(() => ourselvesIn(folder));
}

function orInvalid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Failure ? new InvalidArgumentError(error.message) : error;
  }
}

await program.parseAsync();
