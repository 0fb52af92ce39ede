import type { Command } from 'commander';
import { exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { withHome } from '../home-option.ts';
import type { StatusOptions } from '../status.ts';

/** `pinflow status`: endpoints, readers with their lag, last intervals. Other tools find the endpoints here. */
export function addStatus(program: Command): void {
  withHome(program.command('status'))
    .summary('show endpoints, lag and intervals')
    .description('Shows where everything is, how far the readers are (lag in records and seconds), and the last intervals.')
    .option('--json', 'as JSON, with every partition')
    .addHelpText('after', `\nExample:\n  $ pinflow status --json | jq -r .endpoints.s3.bucket\n${exitCodesHelp}`)
    .action(async (options: StatusOptions) => {
      // Loaded late: help and mistakes need no settings.
      const { showStatus } = await import('../status.ts');
      process.exitCode = (await showStatus(options)) ? exitCodes.done : exitCodes.notWell;
    });
}
