import type { Config } from '#adapters/config.ts';
import { isGiven } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { Home, Keys } from './home.ts';
import type { PortName, Ports } from './ports.ts';
import { postgresDatabases, postgresUser } from './servers/postgres.ts';

/** The servers that the stack can run itself. */
export type ServerName = 'kafka' | 's3' | 'postgres' | 'temporal';

/** The setting that, when the caller gives it, says that a server is there already. */
const endpointSetting = {
  kafka: 'kafkaBrokers',
  s3: 's3Endpoint',
  postgres: 'postgresUrl',
  temporal: 'temporalAddress',
} as const satisfies Record<ServerName, keyof Config>;
const portsOf: Record<ServerName, readonly PortName[]> = {
  kafka: ['kafka', 'kafkaController'],
  s3: ['s3'],
  postgres: ['postgres'],
  temporal: ['temporal', 'temporalUi', 'temporalMetrics'],
};

/** The servers for which the caller gives no endpoint. */
export function embeddedServers(environment: NodeJS.ProcessEnv): ServerName[] {
  return (Object.keys(endpointSetting) as ServerName[]).filter((name) => !isGiven(settings[endpointSetting[name]], environment));
}

/** The ports that these servers and the API listen on. */
export function portsFor(embedded: readonly ServerName[]): Set<PortName> {
  return new Set(['api', ...embedded.flatMap((name) => portsOf[name])]);
}

/** What our processes have to be told to reach the embedded servers, under the names of adapters/config.ts. */
export function settingsForServers(
  embedded: readonly ServerName[],
  home: Home,
  ports: Ports,
  keys: Keys,
  given: Config,
): Record<string, string> {
  const postgresUrl = (database: string): string =>
    `postgres://${postgresUser}:${keys.postgresPassword}@127.0.0.1:${ports.postgres}/${database}`;
  const values: Partial<Record<keyof Config, string>> = {
    home: home.path,
    apiPort: String(ports.api),
    // A source of its own must be given with PINFLOW_SOURCE_URL; without one it lies beside the given Postgres.
    ...(embedded.includes('postgres')
      ? {
          postgresUrl: postgresUrl(postgresDatabases.main),
          sourceUrl: postgresUrl(postgresDatabases.source),
          postgresReaderPassword: keys.postgresReaderPassword,
        }
      : { sourceUrl: besideGiven(given.postgresUrl) }),
    ...(embedded.includes('kafka') ? { kafkaBrokers: `127.0.0.1:${ports.kafka}` } : {}),
    ...(embedded.includes('s3')
      ? {
          s3Endpoint: `http://127.0.0.1:${ports.s3}`,
          s3AccessKeyId: keys.s3AccessKeyId,
          s3SecretAccessKey: keys.s3SecretAccessKey,
          s3PathStyle: 'true',
        }
      : {}),
    ...(embedded.includes('temporal')
      ? { temporalAddress: `127.0.0.1:${ports.temporal}`, temporalUiUrl: `http://127.0.0.1:${ports.temporalUi}` }
      : {}),
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [settings[name as keyof Config].env, value]));
}

function besideGiven(url: string): string {
  const source = new URL(url);
  source.pathname = `/${postgresDatabases.source}`;
  return source.href;
}
