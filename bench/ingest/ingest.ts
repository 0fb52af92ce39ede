import { writeFileSync } from 'node:fs';
import type { Bench, Effort } from '#bench/ingest/measure-peers.ts';
import { measureBulk, measurePeers } from '#bench/ingest/measure-peers.ts';
import type { Peer } from '#bench/ingest/peers.ts';
import { ourName, peers } from '#bench/ingest/peers.ts';
import { profilePeer } from '#bench/ingest/profile.ts';
import type { Findings } from '#bench/ingest/report.ts';
import { reportOf } from '#bench/ingest/report.ts';
import { makeRig } from '#bench/ingest/rig.ts';
import { findTargets } from '#bench/ingest/targets.ts';
import { findWrk } from '#bench/ingest/wrk.ts';
import { describeMachine } from '#bench/measure/machine.ts';
import { isReached } from '#bench/measure/targets.ts';
import type { Session } from '#stack/session.ts';

export type IngestOptions = {
  quick?: boolean;
  /** All of them where absent. */
  peers?: readonly Peer[];
  /** Our API as another checkout has it, one more peer. */
  against?: Peer;
  seconds?: number;
  rounds?: number;
  json?: string;
  /** File for the profile. */
  profile?: string;
};

/** Bulk is also measured with as many processes of the API as the smallest machine has cores. */
const bulkProcesses = 2;

const full: Effort = { warmUpSeconds: 5, seconds: 8, rounds: 2, repeats: 3 };
const quick: Effort = { warmUpSeconds: 1, seconds: 2, rounds: 1, repeats: 0 };

/**
 * Acked events a second of the API and its peers.
 * @returns the exit code: 1 where an answered event is not in the log (or the other way round), else 0, whatever the figures.
 */
export async function runIngest(options: IngestOptions, session: Session): Promise<number> {
  const { home, environment, config, stop, say } = session;
  const chosen = [...(options.peers ?? peers), ...(options.against === undefined ? [] : [options.against])];
  const effort: Effort = {
    ...(options.quick === true ? quick : full),
    ...(options.seconds === undefined ? {} : { seconds: options.seconds }),
    ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
  };
  const rig = await makeRig({ home, environment, config, signal: stop.signal });
  try {
    const wrk = findWrk(environment, rig.pinsFile, stop.signal);
    const bench: Bench = { rig, wrk, effort, environment, signal: stop.signal, say };
    const ours = chosen.find(({ name }) => name === ourName);
    const results = await measurePeers(bench, chosen);
    const bulk = ours === undefined ? `${ourName} was not chosen` : await measureBulk(bench, ours, 1);
    if (ours !== undefined && typeof bulk !== 'string') {
      const several = await measureBulk(bench, ours, bulkProcesses);
      if (typeof several !== 'string') bulk.push(...several);
    }
    const bulkRuns = typeof bulk === 'string' ? [] : bulk;
    const runs = [
      ...results.flatMap(({ peer, saturated, single, constant }) =>
        [...saturated, ...single, ...(constant === undefined ? [] : [constant])].map((run) => ({ name: peer.name, run })),
      ),
      ...bulkRuns.map(({ run }) => ({ name: `${ourName} (bulk)`, run })),
    ];
    const findings: Findings = {
      machine: describeMachine(rig.brokers),
      results,
      bulk,
      targets: findTargets(results, bulkRuns),
      problems:
        runs.length === 0
          ? ['Not one peer could be run.']
          : runs.flatMap(({ name, run }) => run.problems.map((problem) => `${name}: ${problem}`)),
    };
    process.stdout.write(`\n${reportOf(findings)}`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(asJson(findings, effort), undefined, 2)}\n`);
    if (options.profile !== undefined && ours !== undefined) process.stdout.write(`\n${await profilePeer(bench, ours, options.profile)}`);
    return findings.problems.length === 0 ? 0 : 1;
  } finally {
    await rig.close();
  }
}

function asJson({ machine, results, bulk, targets, problems }: Findings, effort: Effort): object {
  return {
    machine,
    effort,
    peers: results.map(({ peer: { name, about }, ...runs }) => ({ name, about, ...runs })),
    bulk,
    targets: targets.map((target) => ({ ...target, reached: isReached(target) })),
    problems,
  };
}
