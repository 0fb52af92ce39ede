import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '#adapters/settings/settings.ts';
import { obtainPython } from '#bench/ingest/python.ts';
import { Failure } from '#domain/failures.ts';
import { makeNames } from '#domain/names.ts';
import type { Command } from '#stack/child.ts';
import { nodeCommand } from '#stack/node-process.ts';
import type { Obtaining } from '#stack/tools/obtain.ts';

/** Where a peer runs: its own topics (by prefix), its own port, the broker that all share. */
export type Place = { prefix: string; port: number; brokers: readonly string[]; environment: NodeJS.ProcessEnv; obtaining: Obtaining };

/** A server that takes pins at `POST /pin/` and answers 200 with the pin once Kafka has it. */
export type Peer = {
  name: string;
  /** What runs, what it checks, and what its 200 means: printed below the table, so that nobody compares unlike things. */
  about: string;
  /** @throws Failure where the peer cannot run on this machine. */
  command(place: Place): Promise<Command>;
};

const stopMs = 12_000;

function nodePeer(script: string): Peer['command'] {
  return ({ environment }) => Promise.resolve(nodeCommand(script, [], environment, stopMs));
}

function fastapi(lingerMs: number): Peer['command'] {
  return async ({ brokers, prefix, port, environment, obtaining }) => ({
    command: await obtainPython('fastapi-aiokafka', new URL('peers/requirements.txt', import.meta.url), obtaining),
    args: [
      fileURLToPath(new URL('peers/fastapi-aiokafka.py', import.meta.url)),
      brokers.join(','),
      makeNames(prefix).topicOf('pin'),
      String(port),
      String(lingerMs),
    ],
    environment,
    stopMs,
  });
}

const fastapiAbout =
  'FastAPI 0.165, uvicorn 0.54 (uvloop, httptools), aiokafka 0.14, one worker; a Pydantic model of the 12 fields, serialised again; acks=all, idempotent, each send awaited; no receipt';

/** The product under test; the others are measured against it. */
export const ourName = 'pinflow';
export const fastifyName = 'fastify';
export const fastapiName = 'fastapi-aiokafka';

/** What no framework can be better than; it runs wherever this benchmark does. */
export const floorPeer: Peer = {
  name: 'node-http',
  about: 'bare node:http with the same validation, record headers, answer headers and publisher; no access log, no telemetry',
  command: nodePeer('bench/ingest/peers/node-http.ts'),
};

export const peers: readonly Peer[] = [
  {
    name: ourName,
    about:
      'the API as it ships, one process: UTF-8, JSON, depth, duplicate keys, schema and identity checked; receipt, request id, security headers, metrics, access log at its default; acks=all, idempotent, group commit',
    command: nodePeer('api/main.ts'),
  },
  {
    name: fastifyName,
    about: 'Fastify 5.12 with the same validation, record headers, answer headers and publisher; no access log, no telemetry',
    command: nodePeer('bench/ingest/peers/fastify.ts'),
  },
  floorPeer,
  {
    name: 'express-naive',
    about:
      'Express 5.3 with express.json(), the same zod schema, kafkajs as it comes; acks=all, idempotent, one `await producer.send` a request, serialised again; no receipt',
    command: nodePeer('bench/ingest/peers/express-naive.ts'),
  },
  { name: `${fastapiName}-linger-0`, about: `${fastapiAbout}; linger 0 ms`, command: fastapi(0) },
  { name: `${fastapiName}-linger-5`, about: `${fastapiAbout}; linger 5 ms`, command: fastapi(5) },
];

/**
 * Our API as another commit has it, from a work tree with its packages installed: for "no worse than before".
 * @throws Failure `configuration` where the folder holds no such API.
 */
export function ourselvesIn(checkout: string): Peer {
  const folder = resolve(checkout);
  for (const part of ['api/main.ts', 'node_modules']) {
    if (!existsSync(join(folder, part)))
      throw new Failure('configuration', `${folder} has no ${part}: expected a checkout of Pinflow with its packages installed.`);
  }
  return {
    name: `${ourName}-before`,
    about: 'the API of the other checkout, as it ships',
    command: ({ environment }) => Promise.resolve(nodeCommand('api/main.ts', [], environment, stopMs, folder)),
  };
}

/** @throws Failure `configuration` for a name that no peer has. `fastapi-aiokafka` means both of its variants. */
export function choosePeers(names: readonly string[]): readonly Peer[] {
  const isMeant = ({ name }: Peer, word: string): boolean => name === word || (word === fastapiName && name.startsWith(fastapiName));
  const unknown = names.filter((word) => !peers.some((peer) => isMeant(peer, word)));
  if (unknown.length > 0)
    throw new Failure('configuration', `No such peer: ${unknown.join(', ')}. There are ${peers.map(({ name }) => name).join(', ')}.`);
  return peers.filter((peer) => names.some((word) => isMeant(peer, word)));
}

/** Our API in several processes; the others have no such thing. */
export function inProcesses(peer: Peer, processes: number): Peer {
  const own = { [settings.apiProcesses.env]: String(processes) };
  return { ...peer, command: (place) => peer.command({ ...place, environment: { ...place.environment, ...own } }) };
}
