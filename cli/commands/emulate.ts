import type { Command } from 'commander';
import { Option } from 'commander';
import { shapes, shapesHelp } from '#emulator/post.ts';
import { tablesListed } from '#emulator/source-tables.ts';
import type { EmulateOptions } from '../emulate.ts';
import { exitCodes, exitCodesHelp } from '../exit-codes.ts';
import { httpUrl, positiveNumber, wholeNumber } from '../option-values.ts';
import { withHome } from '../home-option.ts';

const seedMax = 2 ** 32 - 1;

/** `pinflow emulate`: posts rows of the source database as the course's clients do. */
export function addEmulate(program: Command): void {
  withHome(program.command('emulate'))
    .summary('post events as a client')
    .description(
      "Posts rows of the source database, drawn as the course's clients draw them (Python's random.seed, then a coin and a row for each event): " +
        'the same seed posts the same events. Retries while the API is away.',
    )
    .option('--count <n>', 'end after so many events (default: go on until Ctrl-C)', wholeNumber(1))
    .option('--rate <n>', 'events a second, steadily (default: sleep 0 to 2 s before each)', positiveNumber)
    .option('--seed <n>', 'which sequence of rows', wholeNumber(0, seedMax), 100)
    .option('--start <k>', 'skip the first k events of the sequence', wholeNumber(0), 0)
    .addOption(new Option('--shape <shape>', shapesHelp).choices(shapes).default(shapes[0]))
    .option('--target <url>', 'where to post (default: the API of the running stack), with the key in PINFLOW_API_KEY if any', httpUrl)
    .option('--source <url>', `Postgres database with ${tablesListed} (default: PINFLOW_SOURCE_URL)`)
    .option('--concurrency <n>', 'events in flight (default: 1, more with a high rate)', wholeNumber(1, 1_000))
    .addOption(new Option('--quiet', 'print refusals, troubles and the summary only').conflicts('json'))
    .option('--json', 'an object a line: each event with its rows and answers, then the summary')
    .addHelpText(
      'after',
      `\nExample:\n  $ pinflow emulate --count 1000 --rate 200 --seed 5\n${exitCodesHelp}\nRefused events make it 1; Ctrl-C before --count is reached makes it ${exitCodes.interrupted}.`,
    )
    .action(async (options: EmulateOptions) => {
      // Loaded late: help and mistakes need no database client.
      const { emulate } = await import('../emulate.ts');
      process.exitCode = await emulate(options);
    });
}
