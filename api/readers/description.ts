import { describeOperation } from '#api/describe/describe-operation.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { reference } from '#api/openapi/json-schema.ts';

const also = { 404: reference('schemas', 'Detail'), 503: reference('schemas', 'Detail') };
const readers = { stream: 'streaming', landing: 'landing' } as const;

/** What changes how Temporal goes on. */
export function describeSteering(): Json {
  const steer = (reader: keyof typeof readers, what: 'pause' | 'resume'): Json => ({
    [`/api/${reader}/${what}`]: {
      post: describeOperation({
        operationId: `${what}${reader === 'stream' ? 'Stream' : 'Landing'}`,
        tags: ['Operations'],
        summary: what === 'pause' ? `Stop ${readers[reader]} for a while` : `Let ${readers[reader]} read on`,
        description:
          what === 'pause'
            ? 'Answers when every slot has committed and stopped. Kafka keeps what arrives. Asked again, it changes nothing.'
            : 'From the checkpoints on. Asked again, it changes nothing.',
        scope: 'operate',
        answers: {
          200: {
            description: 'What it does now.',
            schema: { type: 'object', required: ['state'], properties: { state: { type: 'string' } } },
          },
        },
        also,
      }),
    },
  });
  return {
    ...steer('stream', 'pause'),
    ...steer('stream', 'resume'),
    ...steer('landing', 'pause'),
    ...steer('landing', 'resume'),
    '/api/batch/trigger': {
      post: describeOperation({
        operationId: 'triggerBatch',
        tags: ['Operations'],
        summary: 'Run the batch now',
        description: 'As `tctl schedule trigger` does: what is due is started; if nothing is, the last closed interval runs again.',
        scope: 'operate',
        answers: {
          200: {
            description: 'The schedule that was triggered.',
            schema: { type: 'object', required: ['scheduleId'], properties: { scheduleId: { type: 'string' } } },
          },
        },
        also,
      }),
    },
  };
}
