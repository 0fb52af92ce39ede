import { failureKindOf } from '#domain/failures.ts';
import type { Kind } from '#domain/kinds/list.ts';
import type { LogRecord } from '#domain/terms.ts';

/**
 * What cleaning made of a batch, one array a column, all `rows` long and in the order of the records. Names are those of
 * domain/kinds/list.ts, then `reject` (reason code, null for a clean row; a reject's other columns up to `extra` mean nothing).
 * Values suit Postgres UNNEST: BIGINT as number (as text beyond 2^53), timestamps as ISO text with microseconds, lists as JSON
 * text because nested arrays do not fit UNNEST, the rest as they are.
 */
export type CleanedBatch = { rows: number; columns: Record<string, unknown[]> };

/** Cleans records of one kind, any partitions. */
export type Clean = (kind: Kind, records: readonly LogRecord[]) => Promise<CleanedBatch>;

/** An engine: it may die of a batch (`crashed`), and then cleans nothing any more. */
export type CleaningEngine = { clean: Clean; close(): void };

export type Cleaning = {
  clean: Clean;
  /** Runs `work` while this process cleans nothing else: whatever dies then, dies of what `work` cleans. */
  alone: <Result>(work: (cleaning: Cleaning) => Promise<Result>) => Promise<Result>;
};

export type StreamCleaner = Cleaning & { close(): void };

type Opened = { engine: Promise<CleaningEngine>; running: number; abandoned: boolean };

/**
 * Makes a cleaner that outlives its engines: one that crashed, or could not be opened, is left behind, and the next batch
 * meets a new one. The batches that were under way in it fail with it, as nobody can tell whose records it died of; the
 * caller tries them again, and where it wants to know, alone.
 */
export async function makeLastingCleaner(open: () => Promise<CleaningEngine>): Promise<StreamCleaner> {
  const start = (): Opened => ({ engine: open(), running: 0, abandoned: false });
  let current = start();
  await current.engine;
  const abandon = (opened: Opened): void => {
    opened.abandoned = true;
    if (current !== opened) return;
    current = start();
    current.engine.catch(() => undefined); // Whoever cleans next meets it.
  };
  const clean: Clean = async (kind, records) => {
    const opened = current;
    opened.running += 1;
    try {
      const engine = await opened.engine.catch((error: unknown) => {
        abandon(opened);
        throw error;
      });
      return await engine.clean(kind, records).catch((error: unknown) => {
        if (failureKindOf(error) === 'crashed') abandon(opened);
        throw error;
      });
    } finally {
      opened.running -= 1;
      // Not before its last batch has ended: closing waits for none of them.
      if (opened.abandoned && opened.running === 0) void opened.engine.then((engine) => engine.close()).catch(() => undefined);
    }
  };
  const gate = makeGate();
  const inside: Cleaning = { clean, alone: (work) => work(inside) };
  return {
    clean: (kind, records) => gate.besides(() => clean(kind, records)),
    alone: (work) => gate.alone(() => work(inside)),
    close: () => void current.engine.then((engine) => engine.close()).catch(() => undefined),
  };
}

type Gate = { besides<Result>(work: () => Promise<Result>): Promise<Result>; alone<Result>(work: () => Promise<Result>): Promise<Result> };

/** Work that runs beside other work, and work that runs alone: that one waits for all that is under way, and all waits for it. */
function makeGate(): Gate {
  const running = new Set<Promise<unknown>>();
  let last: Promise<unknown> | undefined;
  return {
    async besides(work) {
      while (last !== undefined) await last;
      const one = work();
      running.add(one);
      try {
        return await one;
      } finally {
        running.delete(one);
      }
    },
    alone(work) {
      const result = Promise.resolve(last).then(async () => {
        await Promise.allSettled(running);
        return work();
      });
      const settled: Promise<unknown> = result
        .catch(() => undefined)
        .then(() => {
          if (last === settled) last = undefined;
        });
      last = settled;
      return result;
    },
  };
}
