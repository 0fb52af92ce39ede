import { toDuckdbFailure } from '#adapters/duckdb/failure.ts';
import { makeLastingCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import type { LogRecord } from '#domain/terms.ts';

/** A cleaner whose engine dies as DuckDB does: of a batch that `kills` names, and of every batch from then on; else it is `cleaner`. */
export function cleanerThatDies(cleaner: StreamCleaner, kills: (record: LogRecord) => boolean): Promise<StreamCleaner> {
  return makeLastingCleaner(() => {
    let dead = false;
    return Promise.resolve({
      async clean(kind, records) {
        const words = dead ? 'FATAL Error: Failed: database has been invalidated' : 'INTERNAL Error: index out of bounds';
        dead ||= records.some(kills);
        if (dead) throw toDuckdbFailure(new Error(words), false);
        return cleaner.clean(kind, records);
      },
      close: () => undefined,
    });
  });
}
