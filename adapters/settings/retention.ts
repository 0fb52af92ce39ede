import { z } from 'zod';
import type { Settings } from '#adapters/settings/fields.ts';
import { positive } from '#adapters/settings/fields.ts';

const amount = z.coerce.number().positive();

/** How long what the pipeline leaves behind is kept. Raw objects, lake tables and the rows of the stream are kept for ever. */
export const retentionSettings = {
  cleanupEveryMs: {
    env: 'CLEANUP_EVERY_MS',
    schema: positive.default(600_000),
    about: 'How often the schedule pin-cleanup removes what is out of retention.',
  },
  retentionIdempotencyHours: {
    env: 'RETENTION_IDEMPOTENCY_HOURS',
    schema: amount.default(24),
    about: 'Hours that the outcome of a request with an Idempotency-Key is kept: so long the same request is answered with it.',
  },
  retentionIdempotencyBytes: {
    env: 'RETENTION_IDEMPOTENCY_BYTES',
    schema: positive.default(1_073_741_824),
    about:
      'Bytes of outcomes that one API key may have kept at one time, 300 a request and its answer; beyond it new keyed requests get 429.',
  },
  retentionIdempotencyAnswerBytes: {
    env: 'RETENTION_IDEMPOTENCY_ANSWER_BYTES',
    schema: positive.default(1_048_576),
    about: 'Bytes of the largest answer that is kept for a request with an Idempotency-Key; of a larger one only its status is.',
  },
  retentionRefusalDays: {
    env: 'RETENTION_REFUSAL_DAYS',
    schema: amount.default(7),
    about: 'Days that the account of what the door refused is kept (pinflow.door_refusal).',
  },
  retentionAckDays: {
    env: 'RETENTION_ACK_DAYS',
    schema: amount.default(30),
    about: 'Days that what the door had acked is kept (pinflow.door_ack); what a reader has not stored yet stays longer.',
  },
  retentionStreamBatchDays: {
    env: 'RETENTION_STREAM_BATCH_DAYS',
    schema: amount.default(30),
    about: 'Days that each transaction of the stream has a row of its own (pinflow.stream_batch); then it counts in the sums of its day.',
  },
  retentionCutDays: {
    env: 'RETENTION_CUT_DAYS',
    schema: amount.default(90),
    about: 'Days after its end that a complete interval can be run again: so long its cuts are kept.',
  },
  retentionStagingHours: {
    env: 'RETENTION_STAGING_HOURS',
    schema: z.coerce.number().min(2).default(24),
    about:
      'Hours that objects which a run kept aside (staging/ in the bucket) and left behind are kept; longer than any step takes, so 2 at least.',
  },
  lakeCacheBytes: {
    env: 'LAKE_CACHE_BYTES',
    schema: positive.default(10_737_418_240),
    about: 'Bytes of lake files that PINFLOW_HOME/cache keeps on this machine; beyond it those used longest ago are removed.',
  },
  lakeCacheDays: {
    env: 'LAKE_CACHE_DAYS',
    schema: amount.default(7),
    about: 'Days after its last use that a lake file is kept in PINFLOW_HOME/cache.',
  },
} as const satisfies Settings;
