import type { Station } from '#domain/answers/flow.ts';
import { lakeProblems } from '#domain/lake-status.ts';
import type { PipelineStatus, ReaderStatus, Unreachable } from '#domain/status.ts';
import { isUnreachable } from '#domain/status.ts';

type Looked = Omit<PipelineStatus<unknown>, 'endpoints' | 'problems'>;

/** How the stations are, from a look at all parts. */
export function stationsOf(status: Looked, { reasons }: { reasons: readonly string[] }): Station[] {
  return [
    door(reasons),
    kafka(status),
    reader('raw', 'landing', status),
    clean(status),
    answers(status),
    reader('postgres', 'stream', status),
  ];
}

/** Of the process that answers: it need not ask itself over HTTP. */
function door(reasons: readonly string[]): Station {
  return { name: 'door', state: reasons.length === 0 ? 'runs' : 'stopped', says: reasons[0] ?? 'takes events' };
}

function kafka({ servers }: Looked): Station {
  if (servers.kafka !== 'up') return { name: 'kafka', state: 'stopped', says: servers.kafka.error };
  return { name: 'kafka', state: 'runs', says: 'keeps what was acked' };
}

const outside = { landing: 's3', stream: 'postgres' } as const;

function reader(name: 'raw' | 'postgres', of: 'landing' | 'stream', status: Looked): Station {
  const server = status.servers[outside[of]];
  if (server !== 'up') return { name, state: 'stopped', says: server.error };
  const part: ReaderStatus | Unreachable = status[of];
  if (isUnreachable(part)) return { name, state: 'unknown', says: part.error };
  const { orchestration } = status;
  if (!isUnreachable(orchestration)) {
    const run = orchestration.readers[of];
    if (run !== 'RUNNING') return { name, state: 'stopped', says: `its workflow is not running (${run}): node workers/setup.ts starts it` };
    const mode = orchestration.modes[of];
    if (mode === 'paused' || mode === 'draining') return { name, state: 'paused', says: `is ${mode}: nothing is read until it is resumed` };
  }
  const stuck = part.partitions.filter(({ problem }) => problem !== null);
  if (stuck.length === part.partitions.length && stuck.length > 0) return { name, state: 'stopped', says: stuck[0]!.problem! };
  if (stuck.length > 0)
    return { name, state: 'troubled', says: `${stuck.length} of ${part.partitions.length} partitions stand still: ${stuck[0]!.problem}` };
  return { name, state: 'runs', says: part.lagRecords === 0 ? 'has everything' : `${part.lagRecords} records behind` };
}

function clean({ orchestration, intervals, heldIntervals, backingOff }: Looked): Station {
  const name = 'clean';
  if (isUnreachable(intervals)) return { name, state: 'unknown', says: intervals.error };
  if (!isUnreachable(orchestration) && orchestration.schedule !== 'active')
    return { name, state: orchestration.schedule === 'paused' ? 'paused' : 'stopped', says: `its schedule is ${orchestration.schedule}` };
  if (heldIntervals !== null && heldIntervals > 0)
    return { name, state: 'troubled', says: `${heldIntervals} intervals are held: npx pinflow batch list --state held says why` };
  if (backingOff !== null && backingOff.count > 0)
    return {
      name,
      state: 'troubled',
      says: `${backingOff.count} intervals failed and are tried again${backingOff.oldest?.problem == null ? '' : `: ${backingOff.oldest.problem}`}`,
    };
  const newest = intervals.find(({ state }) => state === 'complete');
  return { name, state: 'runs', says: newest === undefined ? 'no interval is complete yet' : `complete up to ${newest.end}` };
}

function answers({ generation, lake }: Looked): Station {
  const name = 'answers';
  if (isUnreachable(lake)) return { name, state: 'unknown', says: lake.error };
  const [problem] = lakeProblems(lake);
  if (problem !== undefined) return { name, state: 'troubled', says: problem };
  if (generation === null || isUnreachable(generation)) return { name, state: 'runs', says: 'nothing is published yet' };
  const behind = lake.marts.filter(({ covers }) => covers === null).length;
  return { name, state: 'runs', says: `generation ${generation.id}${behind === 0 ? '' : `, ${behind} metrics to come`}` };
}
