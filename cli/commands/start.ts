import type { Command } from 'commander';
import { Failure } from '#domain/failures.ts';

/** `pinflow start`, for its help: cli/pinflow.mjs hands the command itself to the stack's program. */
export function addStart(program: Command): void {
  program
    .command('start')
    .summary('run everything, as npm start does')
    .description('Runs the servers, the worker, the API and the emulator until Ctrl-C. The same as npm start.')
    .option('--home <folder>', 'where state, keys, ports and logs are kept (default: PINFLOW_HOME, else .pinflow)')
    .option('--fresh', 'begin with an empty home')
    .option('--no-emulator', 'do not post events')
    .addHelpText('after', '\nExample:\n  $ pinflow start --no-emulator')
    .action(() => {
      throw new Failure('configuration', 'Start Pinflow by npm start or npx pinflow start.');
    });
}
