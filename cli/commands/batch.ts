import type { Command } from 'commander';
import { Option } from 'commander';
import { intervalStates } from '#domain/lake/interval-state.ts';
import { whyExample } from '#domain/lake/why-example.ts';
import type { AbandonOptions } from '../abandon.ts';
import type { BatchListOptions, BatchRetryOptions } from '../batch.ts';
import { exitCodesHelp } from '../exit-codes.ts';
import { withHome } from '../home-option.ts';
import { wholeNumber } from '../option-values.ts';

/** `pinflow batch list | retry | abandon`: the intervals of the batch, and what to do about those that stand. */
export function addBatch(program: Command): void {
  const batch = program
    .command('batch')
    .summary('look at intervals, and let go what is held')
    .description('Shows the intervals of the batch and tries again those that gave up or back off.')
    .addHelpText('after', `\nExample:\n  $ pinflow batch retry --held --reason "the keys are right again"\n${exitCodesHelp}`);

  withHome(batch.command('list'))
    .summary('show intervals, newest first')
    .description('Shows intervals with their state, what is the matter with them, and when they are tried again.')
    .addOption(new Option('--state <state>', 'only those in this state; open is all but complete').choices([...intervalStates, 'open']))
    .option('--limit <n>', 'so many at most', wholeNumber(1, 1_000), 50)
    .option('--json', 'as JSON')
    .addHelpText('after', `\nExample:\n  $ pinflow batch list --state held\n${exitCodesHelp}`)
    .action(async (options: BatchListOptions) => {
      // Loaded late: help and mistakes need no database client.
      const { listIntervalsHere } = await import('../batch.ts');
      await listIntervalsHere(options);
    });

  withHome(batch.command('retry'))
    .summary('try intervals again')
    .description(
      'Makes intervals that are held, back off or wait ready to run, with failures counted anew. ' +
        'Where one of those named is unknown, running or complete, nothing changes.',
    )
    .argument('[interval...]', 'starts of intervals in RFC 3339, as list shows them')
    .option('--held', 'all that are held')
    .option('--reason <text>', 'kept beside it')
    .option('--json', 'as JSON')
    .option('--dry-run', 'only say what would be tried again')
    .addHelpText('after', `\nExample:\n  $ pinflow batch retry 2026-01-31T12:00:00Z\n${exitCodesHelp}`)
    .action(async (intervals: string[], options: BatchRetryOptions) => {
      const { retryIntervalsHere } = await import('../batch.ts');
      await retryIntervalsHere(intervals, options);
    });

  withHome(batch.command('abandon'))
    .summary('let a publish go that cannot be finished')
    .description(
      'Lets the pending publish go, which all later ones wait for; status names it. Its tables are put back as they were, ' +
        'its run publishes nothing any more, and its interval runs anew. One that nobody failed at yet is let alone for a minute.',
    )
    .requiredOption('--why <text>', 'kept beside it')
    .option('--run <id>', 'only if it is this run’s, as status names it')
    .option('--json', 'as JSON')
    .option('--dry-run', 'only say what would be let go')
    .addHelpText('after', `\nExample:\n  $ pinflow batch abandon --why "${whyExample}" --dry-run\n${exitCodesHelp}`)
    .action(async (options: AbandonOptions) => {
      const { abandonHere } = await import('../abandon.ts');
      await abandonHere(options);
    });
}
