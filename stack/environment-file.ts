import { renameSync, writeFileSync } from 'node:fs';
import { stackEnvironmentFile } from '#adapters/config.ts';
import { givenVariables } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { Home } from './home.ts';

/**
 * Tells other processes of this home (the command line, above all) the settings of the running stack: those that it
 * chose and those that its user gave. It holds keys, so only the owner may read it. Closing the home removes it.
 */
export function writeEnvironmentFile(home: Home, environment: NodeJS.ProcessEnv): void {
  const aside = home.at(`${stackEnvironmentFile}.new`);
  writeFileSync(aside, `${JSON.stringify(givenVariables(Object.values(settings), environment), null, 2)}\n`, { mode: 0o600 });
  renameSync(aside, home.at(stackEnvironmentFile));
}
