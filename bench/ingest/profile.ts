import { writeFileSync } from 'node:fs';
import type { Bench } from '#bench/ingest/measure-peers.ts';
import { connections } from '#bench/ingest/measure-peers.ts';
import { pinAim } from '#bench/ingest/load.ts';
import type { Peer } from '#bench/ingest/peers.ts';
import type { Groups } from '#bench/measure/profile.ts';
import { profileNode, selfTimeTables } from '#bench/measure/profile.ts';
import { findFreePorts } from '#stack/free-ports.ts';

/** Where the door's time may go; the first pattern that fits the place of a function counts. */
const groups: Groups = [
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
    return `Self time of ${peer.name} at ${connections} connections, idle left out (${file})\n${selfTimeTables(profile, groups)}\n`;
  } finally {
    await opened.close();
  }
}
