import type { StreamCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment } from '#test/support/environment.ts';

/** What sinks of the stream need: an environment of a test's own, and the cleaner that runs in production. */
export type OpenStream = { environment: Environment; cleaner: StreamCleaner; close: () => Promise<void> };

export async function openStream(options?: Parameters<typeof makeStreamCleaner>[0]): Promise<OpenStream> {
  const [environment, cleaner] = await Promise.all([openEnvironment(), makeStreamCleaner(options)]);
  return {
    environment,
    cleaner,
    async close() {
      cleaner.close();
      await environment.close();
    },
  };
}
