import type { Command } from 'commander';
import { Argument } from 'commander';
import { spanExamples } from '#domain/keys/spans.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { exampleKind, kinds } from '#domain/kinds/list.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { withHome } from '../home-option.ts';
import { spanOfTime, wholeNumber } from '../option-values.ts';
import type { TailOptions } from '../tail.ts';

const limitMax = 999_999_999;

/** `pinflow tail`: what arrives, as it arrives. */
export function addTail(program: Command): void {
  withHome(program.command('tail'))
    .summary('show what arrives')
    .description(
      'Shows what arrives, a line a record: append time, kind, partition/offset, key, who sent it, value. With --rejected what is refused instead, ' +
        'at the door (of any kind) and in the stream. Asks the API, with the key in PINFLOW_API_KEY if any; goes on until Ctrl-C.',
    )
    .addArgument(new Argument('[kind]', 'only events of this kind').choices(kinds))
    .option('--rejected', 'what was refused, with reason, source and key')
    .option('--json', 'an object a line, with everything')
    .option('--limit <n>', 'end after so many lines', wholeNumber(1, limitMax))
    .option('--since <span>', `begin so long ago, as in ${spanExamples} (default: now)`, spanOfTime)
    .addHelpText('after', `\nExample:\n  $ pinflow tail ${exampleKind.name} --since 5m --limit 10\n${exitCodesHelp}`)
    .action(async (kind: Kind | undefined, options: TailOptions) => {
      // Loaded late: help and mistakes need no client.
      const { tail } = await import('../tail.ts');
      process.exitCode = await tail(kind, options);
    });
}
