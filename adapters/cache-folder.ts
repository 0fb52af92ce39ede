import { homedir } from 'node:os';
import { join } from 'node:path';

/** What all clones and homes of a user share: servers, compiled code, bundles. Worthless elsewhere, harmless to lose. */
export function cacheFolderOf(cacheHome: string | undefined): string {
  return join(cacheHome ?? join(homedir(), '.cache'), 'pinflow');
}
