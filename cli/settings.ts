import { resolve } from 'node:path';
import type { Config } from '#adapters/config.ts';
import { callerEnvironment, environmentOverStack, loadConfig } from '#adapters/config.ts';
import { isGiven } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import { Failure } from '#domain/failures.ts';
import type { HomeOption } from './home-option.ts';
import { isStackIn, nothingRunsSentence } from './nothing-runs.ts';

/** What says where servers are. A person who sets any of these has servers of their own in mind. */
const places = [
  settings.kafkaBrokers,
  settings.s3Endpoint,
  settings.postgresUrl,
  settings.sourceUrl,
  settings.temporalAddress,
  settings.apiUrl,
];

/**
 * The settings of the stack that runs in this home, or of the servers that the environment names.
 * @throws Failure `unavailable` where there is neither: the usual ports may be those of somebody else's stack.
 */
export function readRunningSettings(options: HomeOption): Config {
  const config = readSettings(options);
  const environment = callerEnvironment();
  if (!isStackIn(config) && !places.some((setting) => isGiven(setting, environment)))
    throw new Failure('unavailable', nothingRunsSentence(config));
  return config;
}

/** The settings under which the stack of this home runs, over which the environment wins. */
export function readSettings({ home }: HomeOption): Config {
  const environment = callerEnvironment();
  return loadConfig(environmentOverStack(home === undefined ? environment : { ...environment, [settings.home.env]: resolve(home) }));
}
