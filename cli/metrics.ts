import { dropMetric } from '#interventions/drop-metric.ts';
import { withPostgres } from './batch.ts';
import type { HomeOption } from './home-option.ts';

export type MetricsDropOptions = HomeOption & { json?: boolean; dryRun?: boolean };

export async function dropMetricHere(name: string, options: MetricsDropOptions): Promise<void> {
  await withPostgres(options, async (postgres) => {
    const dropped = await dropMetric(postgres, { name, dryRun: options.dryRun === true });
    if (options.json === true) console.log(JSON.stringify(dropped, null, 2));
    else console.log(`${dropped.dryRun ? 'Would drop' : 'Dropped'} what was left of metric ${name}: ${dropped.tables.join(', ')}`);
  });
}
