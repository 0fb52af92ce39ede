import type { WorkerOptions } from '@temporalio/worker';
import { makeLandingSink } from '#activities/landing/landing-sink.ts';
import { makeSegmentActivities } from '#activities/reader/segment-activity.ts';
import { makeSinkStatements } from '#activities/stream/sink-statements.ts';
import { makeStreamSink } from '#activities/stream/stream-sink.ts';
import { readPartitions } from '#adapters/kafka/reader.ts';
import { cacheFolderOf } from '#adapters/cache-folder.ts';
import type { Config } from '#adapters/config.ts';
import { makeStreamCleaner } from '#adapters/duckdb/stream-cleaner.ts';
import type { Log } from '#adapters/log.ts';
import { translateFailures } from '#workers/failure-interceptor.ts';
import type { Resources } from '#workers/resources.ts';
import { obtainWorkflowCode } from '#workers/workflow-bundle.ts';
import type { BatchActivities } from '#activities/batch/make-batch-activities.ts';
import { makeBatchActivities } from '#activities/batch/make-batch-activities.ts';
import { makeCleanupActivities } from '#activities/cleanup/make-cleanup-activities.ts';

type Role = Config['workerRoles'][number];

/** What all queues share. Everything stops within 10 s: grace for activities, then force. */
const shared = {
  shutdownGraceTime: '5s',
  shutdownForceTime: '7s',
  maxHeartbeatThrottleInterval: '2s',
  defaultHeartbeatThrottleInterval: '2s',
  interceptors: { activity: [translateFailures] },
} satisfies Partial<WorkerOptions>;

/** A partition that a person set right is read again within this time. */
const lookAgainMs = 60_000;

const landingBufferBytesMax = 201_326_592;

/**
 * Makes the options of a process's Workers, one a role: the queue, its activities, and for `control` the workflows. The
 * roles `control` and `batch` share one set of activities, and with it one view of the lake.
 */
export function makeWorkerOptions(config: Config, resources: Resources, log: Log): (role: Role) => Promise<WorkerOptions> {
  let made: BatchActivities | undefined;
  const batchActivities = (): BatchActivities => (made ??= makeBatchActivities({ config, ...resources, log }));
  return (role) => workerOptions(role, batchActivities, config, resources, log);
}

async function workerOptions(
  role: Role,
  batchActivities: () => BatchActivities,
  config: Config,
  resources: Resources,
  log: Log,
): Promise<WorkerOptions> {
  const { names } = resources;
  switch (role) {
    case 'control':
      return {
        ...shared,
        taskQueue: names.queues.control,
        ...(await obtainWorkflowCode(cacheFolderOf(config.cacheHome), log)),
        activities: { ...batchActivities(), ...makeCleanupActivities({ config, ...resources }) },
        maxCachedWorkflows: 100,
        workflowThreadPoolSize: 1,
      };
    case 'batch':
      return {
        ...shared,
        taskQueue: names.queues.batch,
        activities: batchActivities(),
        // A step hears with a beat that it is cancelled, and its DuckDB process is to be gone within 2 s.
        maxHeartbeatThrottleInterval: '1s',
        defaultHeartbeatThrottleInterval: '1s',
        maxConcurrentActivityTaskExecutions: 4,
      };
    case 'landing':
      return {
        ...shared,
        taskQueue: names.queues.landing,
        activities: makeSegmentActivities(landingDependencies(config, resources, log)),
        maxConcurrentActivityTaskExecutions: config.workerSegmentsMax,
      };
    case 'stream':
      return {
        ...shared,
        taskQueue: names.queues.stream,
        activities: makeSegmentActivities(await streamDependencies(config, resources, log)),
        maxConcurrentActivityTaskExecutions: config.workerSegmentsMax,
      };
  }
}

function landingDependencies(
  config: Config,
  { names, postgres, s3, kafka, topics }: Resources,
  log: Log,
): Parameters<typeof makeSegmentActivities>[0] {
  const flushMs = config.landingFlushMs ?? Math.min(60_000, config.batchIntervalMs / 4);
  return {
    reader: 'landing',
    names,
    postgres,
    topics,
    log,
    read: (options) => readPartitions({ ...options, kafka }),
    makeSink: () => makeLandingSink({ postgres, s3, flushBytes: config.landingFlushBytes, bufferBytesMax: landingBufferBytesMax, flushMs }),
    concurrency: 4,
    bytesPerPartitionMax: 2_097_152,
    lookAgainMs,
  };
}

async function streamDependencies(
  config: Config,
  { names, postgres, kafka, topics }: Resources,
  log: Log,
): Promise<Parameters<typeof makeSegmentActivities>[0]> {
  const cleaner = await makeStreamCleaner({ lanesMax: config.streamSlots });
  const statements = makeSinkStatements();
  return {
    reader: 'stream',
    names,
    postgres,
    topics,
    log,
    read: (options) => readPartitions({ ...options, kafka }),
    makeSink: () => makeStreamSink({ postgres, names, cleaner, statements, batchRows: config.streamBatchRows }),
    concurrency: 3,
    bytesPerPartitionMax: 2_097_152,
    lookAgainMs,
  };
}
