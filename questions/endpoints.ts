import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '#adapters/config.ts';
import { stackEnvironmentFile } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';

/** Where everything is reached, for people and other tools. Holds no password and no key. */
export type Endpoints = {
  api: string;
  temporal: string;
  temporalUi: string;
  kafka: string;
  /** `keysIn` says where the keys are: in the file that the stack wrote, or in the environment. */
  s3: { endpoint: string; bucket: string | null; keysIn: string };
  postgres: string;
  bucket: string | null;
};

/** Reads the endpoints from the settings; the bucket is chosen once and known to Postgres. */
export function describeEndpoints(config: Config, bucket: string | null): Endpoints {
  return {
    api: apiUrlOf(config),
    temporal: config.temporalAddress,
    temporalUi: config.temporalUiUrl,
    kafka: config.kafkaBrokers.join(','),
    s3: { endpoint: config.s3Endpoint ?? `AWS, ${config.s3Region}`, bucket, keysIn: keysPlaceOf(config) },
    postgres: withoutPassword(config.postgresUrl),
    bucket,
  };
}

/** A running stack wrote them down; elsewhere whoever runs us gave them. */
function keysPlaceOf({ home }: Config): string {
  const file = join(home, stackEnvironmentFile);
  return existsSync(file) ? file : `environment (${settings.s3AccessKeyId.env}, ${settings.s3SecretAccessKey.env})`;
}

const anyAddress = new Set(['0.0.0.0', '::']);

/** Where clients on this machine reach the API. */
export function apiUrlOf(config: Pick<Config, 'apiUrl' | 'apiHost' | 'apiPort'>): string {
  if (config.apiUrl !== undefined) return config.apiUrl;
  const host = anyAddress.has(config.apiHost) ? '127.0.0.1' : config.apiHost;
  return `http://${host.includes(':') ? `[${host}]` : host}:${config.apiPort}`;
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const parsed = new URL(url);
  parsed.password = '';
  parsed.search = '';
  return parsed.href;
}
