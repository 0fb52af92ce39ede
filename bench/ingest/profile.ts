import { writeFileSync } from 'node:fs';
import type { Bench } from '#bench/ingest/measure-peers.ts';
import { connections } from '#bench/ingest/measure-peers.ts';
import { pinAim } from '#bench/ingest/load.ts';
import type { Peer } from '#bench/ingest/peers.ts';
import { show } from '#bench/measure/numbers.ts';
import { profileNode, selfTimes } from '#bench/measure/profile.ts';
import { plainTable } from '#cli/plain-table.ts';
import { findFreePorts } from '#stack/free-ports.ts';

const functionsShown = 30;

/** Where the door's time may go; the first pattern that fits the place of a function counts. */
const groups: readonly [name: string, place: RegExp][] = [
  ['publisher (adapters/kafka)', /\/adapters\/kafka\//],
  ['kafkajs', /\/node_modules\/kafkajs\//],
  ['validation (domain, zod)', /\/domain\/|\/node_modules\/zod\//],
  ['Express', /\/node_modules\/(express|router|path-to-regexp|finalhandler|parseurl)\//],
  ['door (api)', /\/api\//],
  ['other packages', /\/node_modules\//],
  ['sockets and streams (node)', /^node:(net|internal\/(stream|streams|net)|stream|internal\/stream_base_commons)/],
  ['HTTP (node)', /^node:(_http|http|internal\/http)/],
  ['other node', /^node:/],
];

/** Profiles the peer under the load of the closed loop, writes the profile to `file` and returns what it shows. */
export async function profilePeer({ rig, wrk, effort, say }: Bench, peer: Peer, file: string): Promise<string> {
  const [inspectPort = 0] = await findFreePorts(1);
  const opened = await rig.open(peer, `--inspect=127.0.0.1:${inspectPort}`);
  try {
    say(`${peer.name}: profiling`);
    const aim = { url: opened.url, ...pinAim };
    await wrk(aim, { connections, seconds: effort.warmUpSeconds });
    const profile = await profileNode(inspectPort, () => wrk(aim, { connections, seconds: effort.seconds }));
    writeFileSync(file, JSON.stringify(profile));
    const { functions, groups } = selfTimes(profile, groupOf);
    const busy = groups.reduce((sum, { seconds }) => sum + seconds, 0);
    const table = (name: string, times: typeof groups): string =>
      plainTable(
        ['%', 's', name],
        times.map(({ name, seconds }) => [show((seconds / busy) * 100, 1), show(seconds, 2), name]),
      );
    return `Self time of ${peer.name} at ${connections} connections, idle left out (${file})\n${table('group', groups)}\n\n${table('function', functions.slice(0, functionsShown))}\n`;
  } finally {
    await opened.close();
  }
}

function groupOf(functionName: string, place: string): string {
  // (garbage collector), (program): V8 and the system below it.
  if (place === '') return functionName.startsWith('(') ? functionName : '(native)';
  return groups.find(([, pattern]) => pattern.test(place))?.[0] ?? 'other';
}
