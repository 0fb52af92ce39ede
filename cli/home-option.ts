import type { Command } from 'commander';
import { homeVariable } from '#adapters/settings/home-variable.ts';

export type HomeOption = { home?: string };

/** Adds `--home` to a command that looks at a running stack. */
export function withHome(command: Command): Command {
  return command.option('--home <folder>', `folder of the stack to talk to (default: ${homeVariable}, else .pinflow)`);
}
