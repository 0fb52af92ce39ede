import { z } from 'zod';
import type { Settings } from '#adapters/settings/fields.ts';
import { positive } from '#adapters/settings/fields.ts';

/** Batch, the two readers, the workers that run them, and the emulator. */
export const pipelineSettings = {
  batchIntervalMs: { env: 'BATCH_INTERVAL_MS', schema: positive.default(3_600_000), about: 'Length of a batch interval.' },
  batchMemory: { env: 'BATCH_MEMORY', schema: z.string().default('1GB'), about: 'DuckDB memory limit of one cleaning process.' },
  batchThreads: { env: 'BATCH_THREADS', schema: positive.default(2), about: 'DuckDB threads of one cleaning process.' },
  batchPartBytes: {
    env: 'BATCH_PART_BYTES',
    schema: positive.default(268_435_456),
    about: 'Raw object bytes that one cleaning activity takes.',
  },
  batchWaitMs: {
    env: 'BATCH_WAIT_MS',
    schema: positive.default(600_000),
    about: 'How long an interval waits for landing before it ends as waiting; sooner where others want its room.',
  },

  landingSlots: { env: 'LANDING_SLOTS', schema: positive.default(1), about: 'Slots of the landing reader.' },
  landingFlushBytes: {
    env: 'LANDING_FLUSH_BYTES',
    schema: positive.default(67_108_864),
    about: 'Uncompressed bytes of a partition that end a raw object.',
  },
  landingFlushMs: {
    env: 'LANDING_FLUSH_MS',
    schema: positive.optional(),
    about: 'Age that ends a raw object; unset means the lesser of 60 s and a quarter of the interval.',
  },
  streamSlots: { env: 'STREAM_SLOTS', schema: positive.default(2), about: 'Slots of the streaming reader.' },
  streamBatchRows: {
    env: 'STREAM_BATCH_ROWS',
    schema: positive.default(5_000),
    about: 'Records that one stream transaction takes at most.',
  },
  segmentMs: { env: 'PINFLOW_SEGMENT_MS', schema: positive.default(600_000), about: 'Length of a segment of a reader.' },

  workerRoles: {
    env: 'WORKER_ROLES',
    schema: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(['control', 'batch', 'stream', 'landing'])))
      .default(['control', 'batch', 'stream', 'landing']),
    about: 'Queues that a worker process serves: control, batch, stream, landing.',
  },
  workerSegmentsMax: {
    env: 'WORKER_SEGMENTS_MAX',
    schema: positive.default(64),
    about: 'Reader segments that one worker process runs at most; lower it where several worker processes should share the slots.',
  },
  emulatorRate: {
    env: 'EMULATOR_RATE',
    schema: z.coerce.number().positive().default(2),
    about: 'Events a second of the emulator that npm start brings up.',
  },
} as const satisfies Settings;
