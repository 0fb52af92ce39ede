import { describeOperation } from '#api/describe/describe-operation.ts';
import { pathParameter } from '#api/describe/parameters.ts';
import { unknownHour } from '#api/intervals/refusals.ts';
import { describeLive } from '#api/live/description.ts';
import type { Json } from '#api/openapi/json-schema.ts';

const time: Json = { type: 'string', format: 'date-time' };
const list: Json = { type: 'array', items: { type: 'object' } };

/** The ledger of the batch as the page draws it. */
export function describeIntervals(): Json {
  return {
    ...describeLive({
      path: '/api/intervals',
      operationId: 'intervalCalendar',
      summary: 'The intervals of two weeks, by day and hour',
      description: 'For each hour (UTC) how many intervals begin in it, in which states.',
      schema: { type: 'object', required: ['at', 'scheduleId', 'temporalUi', 'days'], properties: { at: time, days: list } },
    }),
    '/api/intervals/{hour}': {
      get: describeOperation({
        operationId: 'intervalsOfHour',
        tags: ['Page'],
        summary: 'The intervals that begin in an hour',
        description: 'With what their newest runs read and wrote.',
        scope: 'read',
        parameters: [pathParameter('hour', 'Start of the hour.', { bounded: '2026-01-31T12:00:00Z', 'no-hour': 'noon' })],
        answers: {
          200: {
            description: 'The intervals.',
            schema: { type: 'object', required: ['hour', 'intervals'], properties: { hour: time, intervals: list } },
          },
        },
        refusals: { 'no-hour': unknownHour },
      }),
    },
  };
}
