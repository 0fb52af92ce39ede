import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import { Failure } from '#domain/failures.ts';
import { holdPorts } from './free-ports.ts';
import type { Home } from './home.ts';
import { holderOfPort } from './port-holder.ts';

/** The ports that people meet, and the setting of each; the others are free ones. */
const named = {
  api: { setting: 'apiPort', usual: 8000, title: 'the API' },
  kafka: { setting: 'kafkaPort', usual: 9092, title: 'Kafka' },
  s3: { setting: 's3Port', usual: 7070, title: 'S3' },
  postgres: { setting: 'postgresPort', usual: 5432, title: 'Postgres' },
  temporal: { setting: 'temporalPort', usual: 7233, title: 'Temporal' },
  temporalUi: { setting: 'temporalUiPort', usual: 8233, title: 'the Temporal Web UI' },
} as const satisfies Record<string, { setting: keyof Config; usual: number; title: string }>;

const inner = ['kafkaController', 'temporalMetrics'] as const;

export type PortName = keyof typeof named | (typeof inner)[number];
export type Ports = Record<PortName, number>;

/**
 * The ports of a home: what the user set, else what the home used before, else the usual ones; or just free ones,
 * whatever is set (`anyFree`, for tests beside a running stack). Ports outside `needed` are not checked.
 * @throws Failure `configuration` that names the port, its holder, and the setting to change.
 */
export async function choosePorts(
  home: Home,
  needed: ReadonlySet<PortName>,
  environment: NodeJS.ProcessEnv,
  config: Config,
  anyFree: boolean,
): Promise<Ports> {
  const file = home.at('ports.json');
  const before = readPorts(file);
  const held = holdPorts();
  const choose = async (name: keyof typeof named): Promise<number> => {
    if (anyFree) return held.holdFree();
    const { setting, usual, title } = named[name];
    const variable = settings[setting].env;
    const port = (environment[variable] ? config[setting] : undefined) ?? before[name] ?? usual;
    if (needed.has(name) && !(await held.hold(port))) throw taken(port, title, variable);
    return port;
  };
  const chooseInner = async (name: (typeof inner)[number]): Promise<number> => {
    const port = before[name];
    return port !== undefined && (await held.hold(port)) ? port : held.holdFree();
  };
  try {
    const ports: Partial<Ports> = {};
    for (const name of Object.keys(named) as (keyof typeof named)[]) ports[name] = await choose(name);
    for (const name of inner) ports[name] = await chooseInner(name);
    writeFileSync(`${file}.new`, `${JSON.stringify(ports)}\n`);
    renameSync(`${file}.new`, file);
    return ports as Ports;
  } finally {
    await held.release();
  }
}

/** The ports that this home used before; none where the file is not there or a crash left half of it. */
function readPorts(file: string): Partial<Ports> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Ports>;
  } catch {
    return {};
  }
}

function taken(port: number, title: string, variable: string): Failure {
  const holder = holderOfPort(port);
  return new Failure(
    'configuration',
    `Port ${port} for ${title} is taken${holder === undefined ? '' : ` by ${holder}`}: end that, or choose another port with ${variable}=<port>.`,
  );
}
