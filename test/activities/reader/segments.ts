import type { SegmentDependencies, SegmentPartition, SegmentResult } from '#activities/reader/segment.ts';
import { runSegment } from '#activities/reader/run-segment.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import type { Failure } from '#domain/failures.ts';
import type { Environment } from '#test/support/environment.ts';
import { openEnvironment, pinJson, quietLog } from '#test/support/environment.ts';

export type RunningSegment = { end: () => Promise<SegmentResult>; result: Promise<SegmentResult> };

/** Segments of a reader (by default the stream) over an environment of a test's own, with two partitions a topic. */
export type Segments = {
  environment: Environment;
  /** The topic of pins. */
  pins: string;
  dependencies: (over?: Partial<SegmentDependencies>) => SegmentDependencies;
  /** A segment that runs beside the test until it is asked to end. */
  segment: (over?: Partial<SegmentDependencies>) => RunningSegment;
  /** Records of all partitions that the stream applied. */
  applied: () => Promise<number>;
  /** What a segment says of a partition of pins. */
  partitionOf: (result: SegmentResult, partition: number) => SegmentPartition | undefined;
  /** Ends what a failed test left running. */
  abort: () => void;
  close: () => Promise<void>;
};

export async function openSegments(): Promise<Segments> {
  const [environment, cleaner] = await Promise.all([openEnvironment({ topicPartitions: 2 }), makeStreamCleaner()]);
  const running: AbortController[] = [];
  const pins = environment.names.topicOf('pin');
  const dependencies = (over: Partial<SegmentDependencies> = {}): SegmentDependencies => {
    const { names, postgres, topics, kafka } = environment;
    return {
      reader: 'stream',
      names,
      postgres,
      topics,
      log: quietLog,
      read: (options) => readPartitions({ ...options, kafka }),
      makeSink: () => makeStreamSink({ postgres, names, cleaner, statements: makeSinkStatements(), batchRows: 100 }),
      concurrency: 2,
      bytesPerPartitionMax: 1_048_576,
      lookAgainMs: 60_000,
      ...over,
    };
  };
  return {
    environment,
    pins,
    dependencies,
    partitionOf: ({ partitions }, partition) => partitions.find((one) => one.topic === pins && one.partition === partition),
    segment(over) {
      const asked = new AbortController();
      running.push(asked);
      const attempt = (): Promise<SegmentResult> =>
        runSegment(dependencies(over), { slot: 0, slots: 1, segment: 0, segmentMs: 60_000 }, asked.signal, () => undefined);
      // What Temporal does with a failed attempt; a test that looks at the failure itself hands in its own dependencies.
      const retried = (): Promise<SegmentResult> =>
        attempt().catch((error: Failure) => (error.canRetry && !asked.signal.aborted ? retried() : Promise.reject(error)));
      const result = over === undefined ? retried() : attempt();
      result.catch(() => undefined);
      return {
        result,
        end: () => {
          asked.abort();
          return result;
        },
      };
    },
    async applied() {
      const [row] = await environment.postgres.query<{ n: number }>(
        `SELECT coalesce(sum(last_offset - first_offset + 1), 0)::bigint AS n FROM pinflow.stream_batch`,
      );
      return row?.n ?? 0;
    },
    abort() {
      for (const asked of running.splice(0)) asked.abort();
    },
    async close() {
      cleaner.close();
      await environment.close();
    },
  };
}

export function pinsNamed(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => pinJson(`id-${from + index}`));
}
