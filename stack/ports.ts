import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/config.ts';
import { Failure } from '#domain/failures.ts';
import type { Home } from './home.ts';
import { holderOfPort } from './port-holder.ts';

/** The ports that people meet, and the setting of each; the others are free ones. */
const named = {
  api: { setting: 'apiPort', usual: 8000 },
  kafka: { setting: 'kafkaPort', usual: 9092 },
  s3: { setting: 's3Port', usual: 7070 },
  postgres: { setting: 'postgresPort', usual: 5432 },
  temporal: { setting: 'temporalPort', usual: 7233 },
  temporalUi: { setting: 'temporalUiPort', usual: 8233 },
} as const satisfies Record<string, { setting: keyof Config; usual: number }>;

const inner = ['kafkaController', 'temporalMetrics'] as const;

export type NamedPort = keyof typeof named;
export type PortName = NamedPort | (typeof inner)[number];
export type Ports = Record<PortName, number>;

/** Below the range that systems hand out for outgoing connections, so that nothing takes one before its server does. */
const FREE_PORT_FIRST = 20_000;
const FREE_PORT_COUNT = 12_000;
const FREE_PORT_TRIES = 200;
const HOST = '127.0.0.1';

/**
 * The ports of a home: what the user set, else what the home used before, else the usual ones; or just free ones, whatever is set
 * (`anyFree`, for tests beside a running stack). Ports outside `needed` are not checked.
 * @throws Failure `configuration` that names the port, its holder, and the setting to change.
 */
export async function choosePorts(home: Home, needed: ReadonlySet<PortName>, environment: NodeJS.ProcessEnv, config: Config, anyFree: boolean): Promise<Ports> {
  const file = home.at('ports.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Ports>) : {};
  const held: Server[] = [];
  try {
    const ports: Partial<Ports> = {};
    for (const name of Object.keys(named) as NamedPort[]) {
      const { setting, usual } = named[name];
      const variable = settings[setting].env;
      const set = environment[variable] ? config[setting] : undefined;
      if (anyFree) {
        ports[name] = await holdFreePort(held);
        continue;
      }
      const port = set ?? before[name] ?? usual;
      if (needed.has(name)) await holdPort(port, held, titleOf(name), variable);
      ports[name] = port;
    }
    for (const name of inner) ports[name] = (await heldIfFree(before[name], held)) ?? (await holdFreePort(held));
    writeFileSync(file, `${JSON.stringify(ports)}\n`);
    return ports as Ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => { server.close(resolve); })));
  }
}

function titleOf(name: NamedPort): string {
  return { api: 'the API', kafka: 'Kafka', s3: 'S3', postgres: 'Postgres', temporal: 'Temporal', temporalUi: 'the Temporal Web UI' }[name];
}

async function holdPort(port: number, held: Server[], title: string, variable: string): Promise<void> {
  if ((await heldIfFree(port, held)) !== undefined) return;
  const holder = holderOfPort(port);
  throw new Failure('configuration', `Port ${port} for ${title} is taken${holder === undefined ? '' : ` by ${holder}`}: end that, or choose another port with ${variable}=<port>.`);
}

async function holdFreePort(held: Server[]): Promise<number> {
  for (let attempt = 0; attempt < FREE_PORT_TRIES; attempt++) {
    const port = await heldIfFree(FREE_PORT_FIRST + Math.floor(Math.random() * FREE_PORT_COUNT), held);
    if (port !== undefined) return port;
  }
  throw new Failure('exhausted', `No free port was found between ${FREE_PORT_FIRST} and ${FREE_PORT_FIRST + FREE_PORT_COUNT}: end some of what listens there.`);
}

/** Listens on the port, so that no other choice takes it; undefined when it cannot. */
async function heldIfFree(port: number | undefined, held: Server[]): Promise<number | undefined> {
  if (port === undefined) return undefined;
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => resolve(true));
  });
  if (!free) return undefined;
  held.push(server);
  return port;
}
