import type { Command } from 'commander';
import { exitCodesHelp } from './exit-codes.ts';
import { makeProgram, runProgram } from './run-program.ts';
import { pinflowVersion } from './version.ts';

/**
 * The command line of Pinflow: `pinflow <noun> [options]`. A noun is a file in commands/, loaded only when it is asked
 * for: what the others import costs more than most answers.
 */
const nouns: Record<string, () => Promise<(program: Command) => void>> = {
  start: async () => (await import('./commands/start.ts')).addStart,
  stop: async () => (await import('./commands/stop.ts')).addStop,
  status: async () => (await import('./commands/status.ts')).addStatus,
  emulate: async () => (await import('./commands/emulate.ts')).addEmulate,
  sql: async () => (await import('./commands/sql.ts')).addSql,
  tail: async () => (await import('./commands/tail.ts')).addTail,
  batch: async () => (await import('./commands/batch.ts')).addBatch,
  metrics: async () => (await import('./commands/metrics.ts')).addMetrics,
  keys: async () => (await import('./commands/keys.ts')).addKeys,
  version: async () => (await import('./commands/version.ts')).addVersion,
};

const program: Command = makeProgram('pinflow')
  .description('Pinflow: run the pipeline, look at it, ask it.')
  .version(pinflowVersion(), '-V, --version', 'print the version')
  .addHelpText('after', `\nExample:\n  $ pinflow status --json\n${exitCodesHelp}`);

const args = process.argv.slice(2);
const asked = Object.hasOwn(nouns, args[0] ?? '') ? nouns[args[0] ?? ''] : undefined;
// Help and mistakes of no noun in particular speak of all of them.
for (const load of asked === undefined ? Object.values(nouns) : [asked]) (await load())(program);

await runProgram(program, args);
