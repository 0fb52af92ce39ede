import { Command } from 'commander';
import { runServersAlone, runStart } from './start.ts';
import { runTest } from './test.ts';

const program = new Command('stack').description('The embedded servers and our processes over them.');
const home = ['--home <folder>', 'where state, keys, ports and logs are kept (default: PINFLOW_HOME, else .pinflow)'] as const;
const fresh = ['--fresh', 'begin with an empty home'] as const;

program
  .command('start')
  .description('run everything')
  .option(...home)
  .option(...fresh)
  .option('--no-emulator', 'do not post events')
  .action(async (options) => {
    process.exitCode = await runStart(options);
  });

program
  .command('servers')
  .description('run the servers alone')
  .option(...home)
  .option(...fresh)
  .option('--any-ports', 'listen on free ports instead of the usual ones')
  .action(async (options) => {
    process.exitCode = await runServersAlone(options);
  });

program
  .command('test')
  .description('check and test everything, or the named test files and folders')
  .argument('[files...]')
  .option('--long', 'in their long form, where they have one: more rounds of what they break')
  .action(async (files: string[], options: { long?: true }) => {
    process.exitCode = await runTest(files, options);
  });

await program.parseAsync();
