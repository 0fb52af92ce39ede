import { Command, InvalidArgumentError } from 'commander';
import { rmSync } from 'node:fs';
import type { IngestOptions } from '#bench/ingest/ingest.ts';
import { runIngest } from '#bench/ingest/ingest.ts';
import type { ServerName } from '#stack/endpoints.ts';
import { homeOfRun, removeStaleHomes } from '#stack/run-homes.ts';
import type { Session } from '#stack/session.ts';
import { withServers } from '#stack/session.ts';
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
  .option('--peers <names>', 'only these, separated by commas', (text) => text.split(',').map((name) => name.trim()))
  .option('--seconds <n>', 'length of a run', positive)
  .option('--rounds <n>', 'rounds over the peers, there and back', positive)
  .option('--json <file>', 'write all figures')
  .option('--profile [file]', 'profile the API once more under the same load, into this file')
  .action(async ({ profile, ...options }: Omit<IngestOptions, 'profile'> & { profile?: string | true }) => {
    const file = profile === true ? 'ingest.cpuprofile' : profile;
    await onServers(['kafka', 'postgres'], (session) =>
      runIngest({ ...options, ...(file === undefined ? {} : { profile: file }) }, session),
    );
  });

/** Runs a benchmark over servers in a home of its own, which goes when all went well. Only what it needs is started. */
async function onServers(servers: readonly ServerName[], benchmark: (session: Session) => Promise<number>): Promise<void> {
  const stop = listenForStop();
  await removeStaleHomes();
  const home = homeOfRun(`bench-${process.pid}`);
  const code = await withServers({ home, anyPorts: true, stop, servers }, benchmark);
  if (code === 1) process.stderr.write(`What the run left, logs included, is kept in ${home} until the next run.\n`);
  else rmSync(home, { recursive: true, force: true });
  process.exitCode = code;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}

await program.parseAsync();
