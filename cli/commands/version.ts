import type { Command } from 'commander';
import { pinflowVersion } from '../version.ts';

/** `pinflow version`: what to put into a bug report. */
export function addVersion(program: Command): void {
  program
    .command('version')
    .summary('print the versions')
    .description('Prints the versions of Pinflow and of the Node that runs it.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ pinflow version --json')
    .action(({ json }: { json?: boolean }) => {
      const versions = { pinflow: pinflowVersion(), node: process.versions.node, platform: `${process.platform}-${process.arch}` };
      console.log(json === true ? JSON.stringify(versions) : `pinflow ${versions.pinflow} (Node ${versions.node}, ${versions.platform})`);
    });
}
