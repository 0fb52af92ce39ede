import type { Abandoned } from '#interventions/abandon.ts';
import { abandonInBucket } from '#interventions/abandon-in-bucket.ts';
import { describeProblems } from '#domain/keys/new-key.ts';
import { abandonWish } from '#domain/lake/abandon-wish.ts';
import { userName, withPostgres } from './batch.ts';
import { usageError } from './run-program.ts';
import type { HomeOption } from './home-option.ts';

export type AbandonOptions = HomeOption & { why: string; run?: string; json?: boolean; dryRun?: boolean };

export async function abandonHere(options: AbandonOptions): Promise<void> {
  const { why, run, dryRun } = options;
  const parsed = abandonWish.safeParse({ why, run, dryRun });
  if (!parsed.success) throw usageError(describeProblems(parsed.error.issues, (field) => `--${field}`));
  await withPostgres(options, async (postgres, config) => {
    const abandoned = await abandonInBucket(config, postgres, parsed.data, `user ${userName()}`);
    console.log(options.json === true ? JSON.stringify(abandoned, null, 2) : textOf(abandoned));
  });
}

function textOf({ dryRun, run, interval, pendingSince, tries, problem, tables, generation, by }: Abandoned): string {
  const of = `the publish of run ${run}${interval === null ? ' of marts' : ` of interval ${interval}`}, pending since ${pendingSince}`;
  const failed = problem === null ? '' : ` (${tries} ${tries === 1 ? 'try' : 'tries'} to finish it failed, the last because: ${problem})`;
  const put = tables.filter(({ committed }) => committed !== null).map(({ table, committed }) => `${table} (version ${committed})`);
  const back = put.length === 0 ? 'It had committed nothing.' : `Its commits ${dryRun ? 'would be' : 'are'} put back: ${put.join(', ')}.`;
  const lost = tables.flatMap(({ table, notPutBack }) => notPutBack.map((path) => `${table}/${path}`));
  const widened = tables.flatMap(({ table, columnsNotPutBack }) => (columnsNotPutBack ? [table] : []));
  const without =
    lost.length === 0
      ? ''
      : ` Not back, because the log that describes them cannot be read: ${lost.join(', ')}; mend the log and publish again what they held.`;
  const kept =
    widened.length === 0
      ? ''
      : ` The columns stay as it left them, because the log that tells those of before cannot be read: ${widened.join(', ')}.`;
  const asBefore = lost.length + widened.length === 0;
  const onward = generation === null ? '' : ` The tables are ${asBefore ? 'as before' : 'without its rows'} in generation ${generation}.`;
  const again = interval === null || dryRun ? '' : ' The next tick of the schedule runs the interval anew.';
  return `${dryRun ? 'Would let go' : `Let go by ${by}:`} ${of}${failed}.\n${back}${onward}${without}${kept}${again}`;
}
