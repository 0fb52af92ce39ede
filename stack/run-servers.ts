import { join } from 'node:path';
import type { Config } from '#adapters/config.ts';
import { overlayEnvironment } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { Child } from './child.ts';
import type { ServerName } from './endpoints.ts';
import { embeddedServers, portsFor, settingsForServers } from './endpoints.ts';
import type { Home, Keys } from './home.ts';
import { keysOf, onceInHome } from './home.ts';
import { keepRunning } from './keep-running.ts';
import type { Ports } from './ports.ts';
import { choosePorts } from './ports.ts';
import { makeKafka } from './servers/kafka.ts';
import { chooseIdentity } from './servers/postgres-identity.ts';
import { makePostgresServer } from './servers/postgres.ts';
import { assertPutIfAbsent } from './servers/s3-race.ts';
import { makeS3 } from './servers/s3.ts';
import type { Running, Server } from './servers/server.ts';
import { startServer } from './servers/server.ts';
import { makeTemporal } from './servers/temporal.ts';
import { obtainKafka } from './tools/kafka-tool.ts';
import type { Obtaining } from './tools/obtain.ts';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import { obtain } from './tools/obtain.ts';
import { postgresFolder } from './tools/postgres-tool.ts';
import type { Progress } from './tools/progress.ts';
import { temporalTool } from './tools/temporal-tool.ts';
import { versitygwTool } from './tools/versitygw-tool.ts';

export type ServersOptions = {
  home: Home;
  /** What the caller set; an endpoint in it wins over the embedded server. */
  environment: NodeJS.ProcessEnv;
  config: Config;
  /** Free ports instead of the home's, for tests beside a running stack. */
  anyPorts: boolean;
  /** The servers that are needed; undefined means all. */
  wanted?: readonly ServerName[] | undefined;
  say: (line: string) => void;
  progress: Progress;
  signal: AbortSignal;
};

export type Servers = {
  /** The caller's environment and over it the settings that lead to the servers. */
  environment: NodeJS.ProcessEnv;
  ports: Ports;
  /** Those that this stack runs, not those that were given. */
  embedded: readonly ServerName[];
  stop(): Promise<void>;
};

/**
 * Brings up the embedded servers side by side and resolves when all of them serve; from then on what dies is started
 * again. When one cannot be started the others are stopped first, then this rejects.
 */
export async function runServers(options: ServersOptions): Promise<Servers> {
  const { home, config } = options;
  const embedded = embeddedServers(options.environment).filter((name) => options.wanted?.includes(name) ?? true);
  const ports = await choosePorts(home, portsFor(embedded), options.environment, config, options.anyPorts);
  const keys = keysOf(home);
  const ours = settingsForServers(embedded, home, ports, keys, config);
  const environment = overlayEnvironment(options.environment, ours, Object.values(settings));

  const running = await startAll(options, async (signal, started) => {
    const make = serverMakers(home, ports, keys, {
      environment: options.environment,
      cacheFolder: cacheFolderOf(config.cacheHome),
      progress: options.progress,
      signal,
    });
    return [
      ...embedded.map(async (name) => startServer(home, await make[name](), started, signal)),
      ...(embedded.includes('s3') ? [] : [checkGivenS3(home, config)]),
    ];
  });
  const kept = running.map(({ child, startAgain }) => keepRunning(child, startAgain, options.say));
  return {
    environment,
    ports,
    embedded,
    async stop() {
      await Promise.all(kept.map((server) => server.stop()));
    },
  };
}

/** All or nothing: the first failure ends the other starts and what they started. */
async function startAll(
  options: ServersOptions,
  begin: (signal: AbortSignal, started: (child: Child) => void) => Promise<Promise<Running | undefined>[]>,
): Promise<Running[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const children: Child[] = [];
  const starts = await begin(signal, (child) => children.push(child));
  for (const start of starts) start.catch((error: unknown) => failed.abort(error));
  const results = await Promise.allSettled(starts);
  if (signal.aborted) {
    await Promise.all(children.map((child) => child.stop()));
    throw signal.reason;
  }
  return results.flatMap((result) => (result.status === 'fulfilled' && result.value !== undefined ? [result.value] : []));
}

function serverMakers(home: Home, ports: Ports, keys: Keys, obtaining: Obtaining): Record<ServerName, () => Promise<Server>> {
  const { environment } = obtaining;
  return {
    kafka: async () => makeKafka(home, ports, await obtainKafka(obtaining), environment),
    s3: async () => makeS3(home, ports, keys, (await obtain(versitygwTool, obtaining)).path, environment),
    postgres: async () => {
      const folder = postgresFolder();
      const identity = await chooseIdentity(join(folder, 'bin', 'postgres'), home.path, environment);
      return makePostgresServer(home, ports, keys, folder, identity, environment);
    },
    temporal: async () => makeTemporal(home, ports, (await obtain(temporalTool, obtaining)).path, environment),
  };
}

/** A given S3 must pass the same check as ours; without keys (the default provider chain) it cannot be asked here. */
async function checkGivenS3(home: Home, config: Config): Promise<undefined> {
  const {
    s3Endpoint: endpoint,
    s3Region: region,
    s3AccessKeyId: accessKeyId,
    s3SecretAccessKey: secretAccessKey,
    s3Bucket: bucket,
    s3PathStyle: pathStyle,
    s3TlsCaFile: tlsCaFile,
  } = config;
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) return;
  await onceInHome(home, `s3-put-if-absent-${endpoint}`, () =>
    assertPutIfAbsent({ endpoint, region, accessKeyId, secretAccessKey, bucket, pathStyle, tlsCaFile }),
  );
}
