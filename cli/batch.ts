import { userInfo } from 'node:os';
import type { IntervalFilter, LedgerInterval } from '#questions/list-intervals.ts';
import { listIntervals } from '#questions/list-intervals.ts';
import type { RetriedInterval } from '#interventions/retry-intervals.ts';
import { refusalOf, retryIntervals } from '#interventions/retry-intervals.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { Failure } from '#domain/failures.ts';
import { describeProblems } from '#domain/keys/new-key.ts';
import type { RetryWish } from '#domain/lake/retry-wish.ts';
import { retryWish } from '#domain/lake/retry-wish.ts';
import { makeNames } from '#domain/names.ts';
import { orNothingRuns } from './nothing-runs.ts';
import { numberOf, plainTable, terminalWidth } from './plain-table.ts';
import { usageError } from './run-program.ts';
import type { HomeOption } from './home-option.ts';
import { readRunningSettings } from './settings.ts';

type Common = HomeOption & { json?: boolean };
export type BatchListOptions = Common & { state?: IntervalFilter; limit: number };
export type BatchRetryOptions = Common & { held?: boolean; reason?: string; dryRun?: boolean };

export async function listIntervalsHere(options: BatchListOptions): Promise<void> {
  await withPostgres(options, async (postgres) => {
    const intervals = await listIntervals(postgres, options);
    if (options.json === true) console.log(JSON.stringify({ intervals }, null, 2));
    else if (intervals.length > 0) console.log(intervalsTable(intervals));
    else console.log(options.state === undefined ? 'No interval has closed yet.' : `No interval is ${options.state}.`);
  });
}

export async function retryIntervalsHere(intervals: string[], options: BatchRetryOptions): Promise<void> {
  const wish = checkedWish(intervals, options);
  await withPostgres(options, async (postgres, config) => {
    const retried = await retryIntervals(postgres, wish, `user ${userName()}`);
    const refusal = refusalOf(retried);
    if (refusal !== undefined) throw new Failure(retried.unknown.length > 0 ? 'missing' : 'conflict', refusal);
    const { dryRun, intervals: found } = retried;
    const started = !dryRun && found.length > 0 && (await askForLook(config));
    if (options.json === true) console.log(JSON.stringify({ dryRun, started, intervals: found }, null, 2));
    else console.log(retriedText(found, dryRun, started));
  });
}

/** @throws CommanderError where the arguments are no wish. */
function checkedWish(intervals: string[], { held, reason, dryRun }: BatchRetryOptions): RetryWish {
  const parsed = retryWish.safeParse({ intervals, held, reason, dryRun });
  if (parsed.success) return parsed.data;
  if (intervals.length === 0 && held !== true) throw usageError('Name the start of an interval, or give --held. See pinflow batch list.');
  throw usageError(describeProblems(parsed.error.issues, (field) => (field === 'intervals' ? 'interval' : `--${field}`)));
}

/** Loaded late: what only looks, or finds nothing to do, needs no client of Temporal. */
async function askForLook(config: Config): Promise<boolean> {
  const { askForLook: ask } = await import('#interventions/ask-for-look.ts');
  return ask(config, makeNames(config.prefix));
}

function retriedText(intervals: readonly RetriedInterval[], dryRun: boolean, started: boolean): string {
  if (intervals.length === 0) return 'No interval is held.';
  const lines = intervals.map(
    ({ start, from, problem }) =>
      `${dryRun ? 'Would try' : 'Trying'} interval ${start} again, which ${dryRun ? 'is' : 'was'} ${from}${problem === null ? '' : `: ${problem}`}`,
  );
  return [...lines, ...(dryRun || started ? [] : ['Temporal cannot be asked: the next tick of the schedule starts what is ready.'])].join(
    '\n',
  );
}

function intervalsTable(intervals: readonly LedgerInterval[]): string {
  return plainTable(
    ['start', 'state', numberOf('records'), numberOf('failures'), 'next try', 'problem'],
    intervals.map(({ start, state, records, failures, nextTry, problem }) => [
      start,
      state,
      records === null ? '' : String(records),
      String(failures),
      nextTry ?? '',
      problem ?? '',
    ]),
    { width: terminalWidth() },
  );
}

export async function withPostgres(options: HomeOption, work: (postgres: Postgres, config: Config) => Promise<void>): Promise<void> {
  const config = readRunningSettings(options);
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-batch', connectionsMax: 1 });
  try {
    await orNothingRuns(config, () => work(postgres, config));
  } finally {
    await postgres.close();
  }
}

/** Who asks, for the ledger; a user of a container may have no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
