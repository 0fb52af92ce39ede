import type { Command } from 'commander';
import { exitCodesHelp } from '../exit-codes.ts';
import { withHome } from '../home-option.ts';
import type { MetricsDropOptions } from '../metrics.ts';

/** `pinflow metrics drop`: what is left of metrics that are gone from the list. */
export function addMetrics(program: Command): void {
  const metrics = program
    .command('metrics')
    .summary('remove what is left of a metric')
    .description('Removes from Postgres what is left of metrics that are no longer in the list.')
    .addHelpText('after', `\nExample:\n  $ pinflow metrics drop category_per_hour --dry-run\n${exitCodesHelp}`);

  withHome(metrics.command('drop'))
    .summary('drop the tables of a metric that is no longer in the list')
    .description(
      'Drops the tables and the view of a metric that is no longer in domain/metrics/list.ts, after node workers/setup.ts has ' +
        'noted that. A lake table of it stays in the bucket. One that is in the list, or still kept up, is let alone.',
    )
    .argument('<name>', 'the metric, as its view or table is named')
    .option('--json', 'as JSON')
    .option('--dry-run', 'only say what would be dropped')
    .addHelpText('after', `\nExample:\n  $ pinflow metrics drop category_per_hour --dry-run\n${exitCodesHelp}`)
    .action(async (name: string, options: MetricsDropOptions) => {
      // Loaded late: help and mistakes need no database client.
      const { dropMetricHere } = await import('../metrics.ts');
      await dropMetricHere(name, options);
    });
}
