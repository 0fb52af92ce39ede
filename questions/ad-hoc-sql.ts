import { join } from 'node:path';
import { makeDeltaLog } from '#activities/lake/delta-log.ts';
import { makeLakeCache } from '#activities/lake/lake-cache.ts';
import { openGeneration } from '#activities/lake/open-generation.ts';
import { cacheBoundsOf, trimLakeCache } from '#activities/lake/trim-lake-cache.ts';
import { withWorkFolder } from '#activities/lake/work-folder.ts';
import type { AdHocResult } from '#adapters/duckdb/ad-hoc-statement.ts';
import type { AdHocProcess } from '#adapters/duckdb/ad-hoc.ts';
import { startAdHocProcess } from '#adapters/duckdb/ad-hoc.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { Failure } from '#domain/failures.ts';
import { intervalStatements } from '#questions/interval-relation.ts';

export type AdHocQuery = {
  config: Pick<Config, 'home' | 'batchThreads' | 'lakeCacheBytes' | 'lakeCacheDays'>;
  postgres: Postgres;
  s3: S3;
  sql: string;
  /** Rows returned at most; `truncated` says that there are more. Default 10,000. */
  rowsMax?: number;
  /** Time that the statement itself may take. Default 60 s. */
  timeoutMs?: number;
  /** Default: the newest. */
  generation?: number;
  /** Started ahead, by whoever had other things to do first. It has ended when this has. */
  engine?: AdHocProcess;
};

export type AdHocAnswer = AdHocResult & {
  /** Null before the first publish: the views are there and empty. */
  generation: number | null;
  /** What a person should know of the answer. */
  note?: string;
};

const rowsMaxDefault = 10_000;
const timeoutMsDefault = 60_000;
const bytesMax = 64 * 1_048_576;
const memoryLimit = '768MB';
const nothingPublished =
  'Nothing is published yet, so the views are empty: the first interval is published some seconds after it has closed, which npm start does each minute. Look at npx pinflow status, and try again.';

/**
 * Runs one reading statement over the views of a generation: pins, geo, users, rejects, intervals, and the marts.
 * @throws Failure `invalid_data` as DuckDB names the problem, `timeout`.
 */
export async function runAdHocSql(query: AdHocQuery): Promise<AdHocAnswer> {
  const { engine = startAdHocProcess() } = query;
  try {
    return await runInEngine(query, engine);
  } finally {
    engine.end();
  }
}

async function runInEngine(query: AdHocQuery, engine: AdHocProcess): Promise<AdHocAnswer> {
  const { config, postgres, s3, sql, rowsMax = rowsMaxDefault, timeoutMs = timeoutMsDefault } = query;
  const cache = makeLakeCache(s3, config.home);
  const { generation, result } = await withWorkFolder(config.home, async (folder) => {
    const opening = Promise.all([
      openGeneration({ postgres, log: makeDeltaLog(s3, cache), cache }, folder, query.generation),
      intervalStatements(postgres),
    ]);
    const settings = { threads: config.batchThreads, memoryLimit, tempDirectory: join(folder, 'spilled') };
    const asking = opening.then(([{ views, files }, intervals]) => ({
      settings,
      setup: [...views, ...intervals],
      files,
      sql,
      bytesMax,
      rowsMax,
      timeoutMs,
    }));
    const answered = await engine.run(asking).catch((error: unknown) => {
      throw explained(error);
    });
    const [opened] = await opening;
    return { generation: opened.generation, result: answered };
  });
  await trimLakeCache(cache.folder, cacheBoundsOf(config));
  return { ...result, generation: generation?.id ?? null, ...(generation === undefined ? { note: nothingPublished } : {}) };
}

/** Raw records are not among the views yet; whoever asks for them is told. */
function explained(error: unknown): unknown {
  if (!(error instanceof Failure) || !/\braw_(pin|geo|user)\b.*does not exist/i.test(error.message)) return error;
  return new Failure(error.kind, `${error.message} Raw records are in the raw objects (raw/ in the bucket), not yet in a view.`, {
    cause: error,
  });
}
