import { readBucket } from '#setup/choose-bucket.ts';
import type { AdHocAnswer } from '#questions/ad-hoc-sql.ts';
import { runAdHocSql } from '#questions/ad-hoc-sql.ts';
import type { Config } from '#adapters/config.ts';
import type { AdHocProcess } from '#adapters/duckdb/ad-hoc.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeS3WhenNeeded } from '#adapters/s3-when-needed.ts';
import { orNothingRuns } from './nothing-runs.ts';
import { terminalWidth } from './plain-table.ts';
import type { HomeOption } from './home-option.ts';
import { readRunningSettings } from './settings.ts';
import { csvOf, jsonOf, tableOf } from './sql-output.ts';

export type SqlOptions = HomeOption & { json?: boolean; csv?: boolean; maxRows: number };

/** Runs the statement in an engine that was started for it, and prints its rows on stdout, what there is to say about them on stderr. */
export async function askLake(sql: string, options: SqlOptions, engine: AdHocProcess): Promise<void> {
  const config = readRunningSettings(options);
  const startedAtMs = performance.now();
  const answer = await orNothingRuns(config, () => runSql(config, { sql, rowsMax: options.maxRows, engine }));
  const tookMs = Math.round(performance.now() - startedAtMs);
  console.log(options.json === true ? jsonOf(answer) : options.csv === true ? csvOf(answer) : tableOf(answer, terminalWidth()));
  console.error(summaryOf(answer, tookMs));
}

async function runSql(config: Config, asked: { sql: string; rowsMax: number; engine: AdHocProcess }): Promise<AdHocAnswer> {
  const postgres = makePostgres({ url: config.postgresUrl, applicationName: 'pinflow-sql', connectionsMax: 2 });
  try {
    const s3 = makeS3WhenNeeded(config, await readBucket(postgres, config));
    try {
      return await runAdHocSql({ config, postgres, s3, ...asked });
    } finally {
      s3.close();
    }
  } finally {
    await postgres.close();
  }
}

function summaryOf({ rows, truncated, generation, note }: AdHocAnswer, tookMs: number): string {
  const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
  const more = truncated ? ' (there are more: raise --max-rows, or narrow the statement)' : '';
  const of = generation === null ? '' : `, generation ${generation}`;
  return `${count}${more}${of}, ${tookMs} ms${note === undefined ? '' : `\n${note}`}`;
}
