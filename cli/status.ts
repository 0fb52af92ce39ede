import type { Status } from '#questions/status.ts';
import type { Config } from '#adapters/config.ts';
import { askApiForStatus } from './ask-api-for-status.ts';
import type { HomeOption } from './home-option.ts';
import { isStackIn, nothingRunsSentence } from './nothing-runs.ts';
import { readRunningSettings } from './settings.ts';

export type StatusOptions = HomeOption & { json?: boolean };

/** What answers when any stack runs; S3 may be a service elsewhere. */
const serversOfStack = ['api', 'kafka', 'postgres', 'temporal'] as const;

/** Prints the status; returns whether all is well. */
export async function showStatus({ json, ...home }: StatusOptions): Promise<boolean> {
  const config = readRunningSettings(home);
  const [status, { statusScreen }] = await Promise.all([getStatus(config), import('./status-screen.ts')]);
  const isSilent = serversOfStack.every((name) => status.servers[name] !== 'up') && !isStackIn(config);
  if (json === true) console.log(JSON.stringify(status, null, 2));
  else if (!isSilent) console.log(statusScreen(status));
  if (isSilent) console.error(nothingRunsSentence(config));
  return status.problems.length === 0;
}

/** The API has every connection open that a look needs, and this process none: only where it has no answer for us, we look ourselves. */
async function getStatus(config: Config): Promise<Status> {
  const answered = await askApiForStatus(config);
  if (answered !== undefined) return answered;
  const { lookAtStatus } = await import('./look-at-status.ts');
  return lookAtStatus(config);
}
