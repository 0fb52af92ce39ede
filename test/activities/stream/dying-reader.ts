import { readFileSync } from 'node:fs';
import { takePartition } from '#activities/reader/checkpoints.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { makeLastingCleaner } from '#adapters/duckdb/lasting-cleaner.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import { makePostgres } from '#adapters/postgres.ts';
import { makeNames } from '#domain/names.ts';
import type { LogRecord, TopicPartition } from '#domain/terms.ts';

/**
 * A reader's process whose cleaning takes the whole process along where a record holds `kills`, as a crash of the native
 * engine does. It reads a JSON job on stdin, applies what is left of the records, and exits with 0.
 */
export type DyingJob = { postgresUrl: string; prefix: string; partition: TopicPartition; values: string[]; kills: string };

const { postgresUrl, prefix, partition, values, kills } = JSON.parse(readFileSync(0, 'utf8')) as DyingJob;
const postgres = makePostgres({ url: postgresUrl, applicationName: 'pinflow-test', connectionsMax: 2 });
const real = await makeStreamCleaner({ lanesMax: 1 });
const cleaner = await makeLastingCleaner(() =>
  Promise.resolve({
    clean(kind, records) {
      if (records.some(({ value }) => value!.includes(kills))) process.kill(process.pid, 'SIGKILL');
      return real.clean(kind, records);
    },
    close: () => undefined,
  }),
);
const sink = makeStreamSink({ postgres, names: makeNames(prefix), cleaner, statements: makeSinkStatements(), batchRows: 1_000 });
const owned = await takePartition(postgres, 'stream', partition, 'test', 0);
await sink.begin(owned);
const records = values.map((value, offset): LogRecord => ({
  ...partition,
  offset,
  appendTimeMs: Date.UTC(2026, 0, 1),
  key: null,
  value: Buffer.from(value),
  headers: [],
}));
await sink.accept(partition, records.slice(owned.nextOffset));
await postgres.close();
process.exit(0);
