import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { Config } from '#adapters/config.ts';
import { callerEnvironment, environmentOverStack, loadConfig, settings } from '#adapters/config.ts';

export type HomeOption = { home?: string };

/** Adds `--home` to a command that looks at a running stack. */
export function withHome(command: Command): Command {
  return command.option('--home <folder>', `folder of the stack to talk to (default: ${settings.home.env}, else .pinflow)`);
}

/** The settings under which the stack of this home runs, over which the environment wins. */
export function readSettings({ home }: HomeOption): Config {
  const environment = callerEnvironment();
  return loadConfig(environmentOverStack(home === undefined ? environment : { ...environment, [settings.home.env]: resolve(home) }));
}
