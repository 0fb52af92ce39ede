import type { Sweep } from '#activities/cleanup/sweep.ts';
import type { Statements } from '#adapters/postgres.ts';
import type { S3, S3Object } from '#adapters/s3.ts';

export type StagingOptions = { s3: Pick<S3, 'pages' | 'delete'>; postgres: Pick<Statements, 'query'>; keepMs: number };

/**
 * Deletes what runs kept aside and left behind: objects below staging/ that are old, of runs that neither have an interval
 * nor stand in a publish that is to be finished. A run that has lost its interval never gets it back, so what the ledger
 * says after an object was listed holds until it is deleted. One page of the listing a step.
 */
export function makeStagingSweep({ s3, postgres, keepMs }: StagingOptions): Sweep {
  let pages: AsyncIterator<S3Object[]> | undefined;
  return async (rowsMax) => {
    pages ??= s3.pages('staging/', rowsMax)[Symbol.asyncIterator]();
    try {
      const page = await pages.next();
      if (page.done === true) return { removed: 0, isDone: true };
      const oldest = Date.now() - keepMs;
      const old = page.value.filter(({ modifiedAtMs }) => modifiedAtMs < oldest);
      const abandoned = old.length === 0 ? [] : await selectAbandoned(postgres, old);
      if (abandoned.length > 0) await s3.delete(abandoned);
      return { removed: abandoned.length, isDone: false };
    } catch (error) {
      // A listing that broke off cannot be gone on with.
      pages = undefined;
      throw error;
    }
  };
}

async function selectAbandoned(postgres: Pick<Statements, 'query'>, objects: readonly S3Object[]): Promise<string[]> {
  const running = await postgres.query<{ run: string }>(`SELECT run_id AS run FROM pinflow.interval WHERE state = 'running'`);
  const [lock] = await postgres.query<{ pending: string }>(`SELECT coalesce(pending::text, '') AS pending FROM pinflow.lake_lock`);
  const runs = new Set(running.map(({ run }) => run));
  return objects.flatMap(({ key }) => {
    const run = runOfKey(key);
    // The plan names its run, and of marts the objects themselves.
    return run === undefined || runs.has(run) || (lock?.pending ?? '').includes(run) ? [] : [key];
  });
}

/** Keys: `staging/<interval>/<run>/...` and `staging/marts/<attempt>/...`; undefined for what is laid out otherwise. */
function runOfKey(key: string): string | undefined {
  const [, , run, ...rest] = key.split('/');
  return run === '' || rest.length === 0 ? undefined : run;
}
