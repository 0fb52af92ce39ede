import type { Command } from 'commander';
import { addBatch } from './commands/batch.ts';
import { addEmulate } from './commands/emulate.ts';
import { addKeys } from './commands/keys.ts';
import { addSql } from './commands/sql.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';
import { addTail } from './commands/tail.ts';
import { addVersion } from './commands/version.ts';
import { exitCodesHelp } from './exit-codes.ts';
import { makeProgram, runProgram } from './run-program.ts';
import { pinflowVersion } from './version.ts';

/** The command line of Pinflow: `pinflow <noun> [options]`. A noun is a file in commands/. */
const program: Command = makeProgram('pinflow')
  .description('Pinflow: run the pipeline, look at it, ask it.')
  .version(pinflowVersion(), '-V, --version', 'print the version')
  .addHelpText('after', `\nExample:\n  $ pinflow status --json\n${exitCodesHelp}`);

addStart(program);
addStop(program);
addStatus(program);
addEmulate(program);
addSql(program);
addTail(program);
addBatch(program);
addKeys(program);
addVersion(program);

await runProgram(program, process.argv.slice(2));
