import { Context } from '@temporalio/activity';
import type { Landed, LandingWait } from '#activities/batch/await-landed.ts';
import { awaitLanded } from '#activities/batch/await-landed.ts';
import type { RunAwaited } from '#activities/batch/await-run.ts';
import { awaitRun } from '#activities/batch/await-run.ts';
import type { CheckRef } from '#activities/batch/check-interval.ts';
import { checkInterval } from '#activities/batch/check-interval.ts';
import type { PartRef, PartResult } from '#activities/batch/clean-part.ts';
import { cleanPart } from '#activities/batch/clean-part.ts';
import type { CutResult } from '#activities/batch/cut-intervals.ts';
import { cutIntervals } from '#activities/batch/cut-intervals.ts';
import { discardStaging } from '#activities/batch/discard-staging.ts';
import type { DueIntervals, IntervalCounts, OpenInterval, Rest, RunRef } from '#activities/ledger/interval-ledger.ts';
import {
  beginRun,
  readDueIntervals,
  readLastInterval,
  readOpenIntervals,
  recordFailure,
  recordWaiting,
} from '#activities/ledger/interval-ledger.ts';
import type { PlanSummary } from '#activities/batch/plan-interval.ts';
import { planInterval } from '#activities/batch/plan-interval.ts';
import type { Progress } from '#activities/batch/progress.ts';
import type { PublishRef, Published } from '#activities/batch/publish-interval.ts';
import { publishInterval } from '#activities/batch/publish-interval.ts';
import type { MartsResult } from '#activities/batch/refresh-marts.ts';
import { refreshMarts } from '#activities/batch/refresh-marts.ts';
import { makeRunStatements } from '#activities/batch/run-statements.ts';
import type { TableFile, WinnersRef } from '#activities/batch/select-winners.ts';
import { selectWinners } from '#activities/batch/select-winners.ts';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import { assertCanPublish } from '#activities/lake/publish.ts';
import { cacheBoundsOf, trimLakeCache } from '#activities/lake/trim-lake-cache.ts';
import type { Config } from '#adapters/config.ts';
import { domainSql, domainSqlBelow } from '#adapters/duckdb/sql-files.ts';
import type { Log } from '#adapters/log.ts';
import type { KafkaTopics } from '#adapters/kafka/topics.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { codeVersion } from '#domain/clean/code-version.ts';
import type { FailureCause } from '#domain/failures.ts';
import type { IntervalRef } from '#domain/intervals.ts';
import type { IntervalState } from '#domain/lake/interval-state.ts';
import { marts } from '#domain/metrics/list.ts';
import { codeVersionOfMarts } from '#domain/metrics/mart-table.ts';
import type { Names } from '#domain/names.ts';

/** How long a step's DuckDB process may stand still. A step that was asked for before this was told may for ever. */
type Patience = { stallMs?: number };

/** The steps that the batch workflows call. Only references and counts cross: keys, offsets, names; never a row. */
export type BatchActivities = {
  cutIntervals(): Promise<CutResult>;
  /** For ticks that began before there was listDue. */
  listOpen(input: { limit: number }): Promise<OpenInterval[]>;
  listDue(input: { limit: number; waiting: boolean }): Promise<DueIntervals>;
  readLast(input: { by: string }): Promise<OpenInterval | null>;
  beginRun(run: RunRef): Promise<{ from: IntervalState }>;
  /** The answer was nothing in runs that began before. */
  recordWaiting(input: RunRef & { problem: string }): Promise<Rest | undefined>;
  recordFailure(input: RunRef & { cause?: FailureCause; problem: string }): Promise<{ state: IntervalState } & Rest>;
  /** For ticks that began before: they wait for a run that somebody else started. */
  awaitRun(input: { start: string; waitMs: number }): Promise<RunAwaited>;
  awaitLanded(input: { interval: IntervalRef } & LandingWait): Promise<Landed>;
  planInterval(input: { interval: IntervalRef; run: string }): Promise<PlanSummary>;
  cleanPart(part: PartRef & Patience): Promise<PartResult>;
  selectWinners(winners: WinnersRef & Patience): Promise<TableFile[]>;
  checkInterval(check: CheckRef): Promise<IntervalCounts>;
  publishInterval(wanted: PublishRef): Promise<Published>;
  discardStaging(input: RunRef & { planKey: string }): Promise<void>;
  refreshMarts(input: { run: string } & Patience): Promise<MartsResult>;
};

export type BatchDependencies = { config: Config; names: Names; postgres: Postgres; topics: KafkaTopics; s3: S3; log: Log };

const beatMs = 1_000;

/** Makes the batch activities of a worker process, for the queues `pin-control` (short ones) and `pin-batch` (heavy ones). */
export function makeBatchActivities({ config, names, postgres, topics, s3, log }: BatchDependencies): BatchActivities {
  const { home } = config;
  const cache = makeLakeCache(s3, home);
  const deltaLog = makeDeltaLog(s3, cache);
  const publishing = { postgres, s3, log: deltaLog };
  const runStatements = makeRunStatements(config);
  const cleanVersion = codeVersion({ ...domainSqlBelow('clean'), ...domainSqlBelow('kinds') });
  const martsVersion = codeVersionOfMarts(marts, domainSql);
  return watchAll({
    cutIntervals: (progress) => cutIntervals({ names, postgres, topics, intervalMs: config.batchIntervalMs, nowMs: Date.now(), progress }),
    listOpen: (_, { limit }) => readOpenIntervals(postgres, limit),
    listDue: (_, { limit, waiting }) => readDueIntervals(postgres, limit, waiting),
    readLast: async (_, { by }) => (await readLastInterval(postgres, by)) ?? null,
    beginRun: (_, run) => beginRun(postgres, run),
    recordWaiting: (_, { problem, ...run }) => recordWaiting(postgres, run, problem),
    // A run that began before causes were told tells none.
    async recordFailure(_, { cause = 'code', problem, ...run }) {
      const ended = await recordFailure(postgres, run, { cause, problem });
      log.warn('interval failed', { interval: run.start, ...ended, problem });
      return ended;
    },
    awaitRun: (progress, { start, waitMs }) => awaitRun(postgres, start, waitMs, progress),
    awaitLanded: (progress, { interval, ...wait }) => awaitLanded(postgres, interval, wait, progress),
    async planInterval(_, { interval, run }) {
      // A run that cannot publish ends before it cleans: what it had uploaded would stay in the lake for good.
      await assertCanPublish(publishing, run);
      return planInterval({ names, postgres, s3, partBytesMax: config.batchPartBytes }, interval, run);
    },
    cleanPart: (progress, part) => cleanPart({ s3, home, runStatements, progress }, part),
    selectWinners: (progress, winners) => selectWinners({ s3, home, runStatements, progress }, winners),
    checkInterval: (_, check) => checkInterval(s3, check),
    async publishInterval(_, wanted) {
      const published = await publishInterval(publishing, cleanVersion, wanted);
      log.info('interval done', { interval: wanted.start, ...published, ...wanted.counts });
      return published;
    },
    discardStaging: (_, { planKey, ...run }) => discardStaging(s3, run, planKey),
    async refreshMarts(progress, { run }) {
      const result = await refreshMarts(
        { postgres, s3, log: deltaLog, cache, home, metrics: marts, codeVersion: martsVersion, runStatements, progress },
        `marts-${run}`,
      );
      if (result.failed !== undefined) log.warn('marts failed', { marts: result.failed });
      await trimLakeCache(cache.folder, cacheBoundsOf(config));
      return result;
    },
  });
}

type Steps = {
  [Name in keyof BatchActivities]: (progress: Progress, ...input: Parameters<BatchActivities[Name]>) => ReturnType<BatchActivities[Name]>;
};

/**
 * Gives every step its sign of life, a beat a second as long as this process lives: a step of a killed worker is begun
 * anew within its heartbeat timeout, however long it may take. Each beat carries how far the step said it is.
 */
function watchAll(steps: Steps): BatchActivities {
  const watched = Object.entries(steps).map(([name, step]) => {
    const work = step as (progress: Progress, ...input: unknown[]) => Promise<unknown>;
    return [
      name,
      async (...input: unknown[]): Promise<unknown> => {
        const context = Context.current();
        let shown: unknown;
        const beat = (details?: unknown): void => {
          shown = details ?? shown;
          context.heartbeat(shown);
        };
        const timer = setInterval(beat, beatMs);
        try {
          return await work({ signal: context.cancellationSignal, beat, stallMs: (input[0] as Patience | undefined)?.stallMs }, ...input);
        } finally {
          clearInterval(timer);
        }
      },
    ] as const;
  });
  return Object.fromEntries(watched) as BatchActivities;
}
