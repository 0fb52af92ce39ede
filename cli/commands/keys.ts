import type { Command } from 'commander';
import { appendScopes, scopes } from '#domain/keys/scopes.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import type { CreateOptions, ListOptions, RevokeOptions } from '../keys.ts';
import { listOf, wholeNumber } from '../option-values.ts';
import { withHome } from '../home-option.ts';

/** `pinflow keys create | list | revoke`: who may come in at the door. */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, list and revoke API keys')
    .description('Makes, lists and revokes the keys that the API asks for where others than this machine reach it.')
    .addHelpText(
      'after',
      `\nExample:\n  $ pinflow keys create --name collector --scope ${appendScopes.slice(0, 2).join()} --expires 90d\n${exitCodesHelp}`,
    );

  withHome(keys.command('create'))
    .summary('make a key')
    .description('Makes a key and prints it, this once: only its SHA-256 is kept. Two valid keys may share a name, for rotation.')
    .requiredOption('--name <name>', 'who uses it')
    .requiredOption('--scope <scopes>', `what it may do, separated by commas: ${scopes.join(', ')}`, listOf)
    .option('--events-per-second <n>', 'its own rate of events; 0 means no limit (default: API_RATE_EVENTS)', wholeNumber(0))
    .option('--bytes-per-second <n>', 'its own rate of body bytes; 0 means no limit (default: API_RATE_BYTES)', wholeNumber(0))
    .option('--expires <span>', 'end its validity after 90d, 12h, 30m, ... (default: when it is revoked)')
    .option('--json', 'as JSON')
    .option('--dry-run', 'only say what would be made')
    .addHelpText(
      'after',
      `\nExample:\n  $ KEY=$(pinflow keys create --name collector --scope ${appendScopes[0]})\n\nThe key is on stdout, what there is to say about it on stderr.\n${exitCodesHelp}`,
    )
    .action(async (options: CreateOptions) => {
      // Loaded late: help and mistakes need no database client.
      const { createKeyHere } = await import('../keys.ts');
      await createKeyHere(options);
    });

  withHome(keys.command('list'))
    .summary('show the valid keys')
    .description('Shows the valid keys: what they may do, how much, until when, and when they were used last.')
    .option('--all', 'show expired and revoked ones too')
    .option('--json', 'as JSON')
    .addHelpText('after', `\nExample:\n  $ pinflow keys list --all\n${exitCodesHelp}`)
    .action(async (options: ListOptions) => {
      const { listKeysHere } = await import('../keys.ts');
      await listKeysHere(options);
    });

  withHome(keys.command('revoke'))
    .summary('make a key invalid')
    .description('Makes a key invalid, and the sessions of browsers that came in by it; running APIs refuse it within three seconds.')
    .argument('<id>', 'id of the key, as list shows it')
    .option('--json', 'as JSON')
    .option('--dry-run', 'only say what would be revoked')
    .addHelpText('after', `\nExample:\n  $ pinflow keys revoke k7w2m9qd\n${exitCodesHelp}`)
    .action(async (id: string, options: RevokeOptions) => {
      const { revokeKeyHere } = await import('../keys.ts');
      await revokeKeyHere(id, options);
    });
}
