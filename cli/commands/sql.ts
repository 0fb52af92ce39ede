import type { Command } from 'commander';
import { Option } from 'commander';
import { kindDefinitions } from '#domain/kinds/list.ts';
import { exampleQuestion } from '#domain/kinds/pin/example-question.ts';
import { marts } from '#domain/metrics/list.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { wholeNumber } from '../option-values.ts';
import { withHome } from '../home-option.ts';
import type { SqlOptions } from '../sql.ts';

const rowsMost = 1_000_000;

/** `pinflow sql`: a question to the lake, over what the newest generation publishes. */
export function addSql(program: Command): void {
  withHome(program.command('sql'))
    .summary('ask the lake')
    .description(
      `Runs one reading statement (DuckDB SQL) over the newest generation: views ${kindDefinitions.map(({ view }) => view).join(', ')} (a row per identity), rejects, intervals, ` +
        `and the marts ${marts.map(({ name }) => name).join(', ')}.`,
    )
    .argument('<statement>', 'the statement, quoted as one word')
    .addOption(new Option('--json', 'rows as a JSON array').conflicts('csv'))
    .option('--csv', 'rows as CSV with a header')
    .option('--max-rows <n>', 'print at most so many rows', wholeNumber(1, rowsMost), 10_000)
    .addHelpText(
      'after',
      `\nExample:\n  $ pinflow sql "${exampleQuestion}"\n\nRow count, generation and time are on stderr. On a terminal long values are cut (…) to its width; a pipe, a file, --json and --csv get all of them. NULL is NULL, the text of that name stands in quotes.\n${exitCodesHelp}`,
    )
    .action(async (statement: string, options: SqlOptions) => {
      // The engine loads in its own process while the clients load in this one; help and mistakes need neither.
      const { startAdHocProcess } = await import('#adapters/duckdb/ad-hoc.ts');
      const engine = startAdHocProcess();
      try {
        const { askLake } = await import('../sql.ts');
        await askLake(statement, options, engine);
      } finally {
        engine.end();
      }
    });
}
