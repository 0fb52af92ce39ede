import type { Command } from 'commander';
import { exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { isStackIn, nothingRunsSentence } from '../nothing-runs.ts';
import type { HomeOption } from '../settings.ts';
import { readRunningSettings, withHome } from '../settings.ts';
import { statusScreen } from '../status-screen.ts';

/** What answers when any stack runs; S3 may be a service elsewhere. */
const serversOfStack = ['api', 'kafka', 'postgres', 'temporal'] as const;

/** `pinflow status`: endpoints, readers with their lag, last intervals. Other tools find the endpoints here. */
export function addStatus(program: Command): void {
  withHome(program.command('status'))
    .summary('show endpoints, lag and intervals')
    .description('Shows where everything is, how far the readers are (lag in records and seconds), and the last intervals.')
    .option('--json', 'as JSON, with every partition')
    .addHelpText('after', `\nExample:\n  $ pinflow status --json | jq -r .endpoints.s3.bucket\n${exitCodesHelp}`)
    .action(async ({ json, ...home }: HomeOption & { json?: boolean }) => {
      const config = readRunningSettings(home);
      // Loaded late: help and mistakes need no Kafka client.
      const { lookAtStatus } = await import('../look-at-status.ts');
      const status = await lookAtStatus(config);
      const isSilent = serversOfStack.every((name) => status.servers[name] !== 'up') && !isStackIn(config);
      if (json === true) console.log(JSON.stringify(status, null, 2));
      else if (!isSilent) console.log(statusScreen(status));
      if (isSilent) console.error(nothingRunsSentence(config));
      process.exitCode = status.problems.length === 0 ? exitCodes.done : exitCodes.notWell;
    });
}
