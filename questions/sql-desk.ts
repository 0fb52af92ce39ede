import type { AdHocProcess } from '#adapters/duckdb/ad-hoc.ts';
import { startAdHocProcess } from '#adapters/duckdb/ad-hoc.ts';
import type { Config } from '#adapters/config.ts';
import type { Postgres } from '#adapters/postgres.ts';
import type { S3 } from '#adapters/s3.ts';
import { makeS3WhenNeeded } from '#adapters/s3-when-needed.ts';
import type { SqlAnswer } from '#domain/answers/sql.ts';
import { Failure } from '#domain/failures.ts';
import { runAdHocSql } from '#questions/ad-hoc-sql.ts';
import { readBucket } from '#setup/choose-bucket.ts';

/** Where people's statements are run, a process each, few at a time. */
export type SqlDesk = {
  /** Starts a process for the statement that will come: loading the engine takes longer than most answers. */
  warm(): void;
  /** @throws Failure as runAdHocSql does; `exhausted` where too many run; `timeout` where `signal` ended it. */
  ask(sql: string, signal: AbortSignal): Promise<SqlAnswer>;
  close(): void;
};

export const statementsMax = 2;
export const answerRowsMax = 2_000;
export const statementMsMax = 30_000;
/** Why a further one is not run. */
export function tooManyStatements(): Failure {
  return new Failure('exhausted', `${statementsMax} statements run already: wait for one, or end it, and ask again.`);
}
/** A process that waits holds memory. */
const warmMsMax = 120_000;

export function makeSqlDesk(config: Config, postgres: Postgres): SqlDesk {
  const running = new Set<AdHocProcess>();
  let waiting: AdHocProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function letGo(): void {
    clearTimeout(timer);
    waiting?.end();
    waiting = undefined;
  }

  function warm(): void {
    if (closed) return;
    waiting ??= startAdHocProcess();
    clearTimeout(timer);
    timer = setTimeout(letGo, warmMsMax).unref();
  }

  function takeProcess(): AdHocProcess {
    const taken = waiting ?? startAdHocProcess();
    waiting = undefined;
    return taken;
  }

  return {
    warm,
    async ask(sql, signal) {
      const startedAt = performance.now();
      if (closed) throw new Failure('unavailable', 'The API stops.');
      if (running.size >= statementsMax) throw tooManyStatements();
      const engine = takeProcess();
      running.add(engine);
      signal.addEventListener('abort', engine.end);
      let s3: S3 | undefined;
      try {
        s3 = makeS3WhenNeeded(config, await readBucket(postgres, config));
        const answer = await runAdHocSql({ config, postgres, s3, sql, engine, rowsMax: answerRowsMax, timeoutMs: statementMsMax });
        return { ...answer, note: answer.note ?? null, ms: Math.round(performance.now() - startedAt) };
      } finally {
        signal.removeEventListener('abort', engine.end);
        running.delete(engine);
        s3?.close();
        // Where the bucket is not known it was never asked.
        engine.end();
        if (!signal.aborted) warm();
      }
    },
    close() {
      closed = true;
      letGo();
      for (const engine of running) engine.end();
    },
  };
}
