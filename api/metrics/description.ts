import { describeOperation } from '#api/describe/describe-operation.ts';
import { pathParameter, queryParameter } from '#api/describe/parameters.ts';
import { describeStream } from '#api/live/description.ts';
import { noMetric, noTime, timeless, unknownRowLimit } from '#api/metrics/refusals.ts';
import type { Json } from '#api/openapi/json-schema.ts';
import { metrics } from '#domain/metrics/list.ts';
import { hasTime, rowsMax, rowsMaxDefault } from '#questions/metrics.ts';

const list: Json = { type: 'array', items: { type: 'object' } };
const rows: Json = {
  type: 'object',
  required: ['metric', 'at', 'covers', 'rows', 'truncated'],
  properties: {
    metric: { type: 'object' },
    at: { type: 'string', format: 'date-time' },
    covers: { type: ['integer', 'null'] },
    rows: list,
    truncated: { type: 'boolean' },
  },
};
const overTime = metrics.find(hasTime)!.name;
const name = pathParameter('name', 'Name of the metric.', {
  bounded: overTime,
  'no-metric': 'nothing',
  'no-limit': overTime,
  'no-time': overTime,
  timeless: metrics.find((one) => !hasTime(one))!.name,
});

/** The metrics: which there are, and their rows. */
export function describeMetrics(): Json {
  return {
    '/api/metrics': {
      get: describeOperation({
        operationId: 'listMetrics',
        tags: ['Page'],
        summary: 'Every metric, with its sentence and how it is drawn',
        scope: 'read',
        answers: { 200: { description: 'The list.', schema: { type: 'object', required: ['metrics'], properties: { metrics: list } } } },
      }),
    },
    '/api/metrics/{name}': {
      get: describeOperation({
        operationId: 'metricRows',
        tags: ['Page'],
        summary: 'The rows of a metric',
        description: 'Over time in its order, else the largest first.',
        scope: 'read',
        parameters: [
          name,
          queryParameter('from', 'Of a metric over time: from then on. Default: half an hour ago.', {
            'no-time': 'yesterday',
            timeless: '2026-01-31T12:00:00Z',
          }),
          queryParameter('to', 'And before then.', {}),
          queryParameter(
            'limit',
            `So many at most, ${rowsMax.toLocaleString('en-US')} at the utmost. Default: ${rowsMaxDefault}, or all that a metric over time may have.`,
            { bounded: '5', 'no-limit': '0' },
          ),
        ],
        answers: { 200: { description: 'Its rows.', schema: rows } },
        refusals: { 'no-metric': noMetric, 'no-limit': unknownRowLimit, 'no-time': noTime, timeless },
      }),
    },
    ...describeStream('/api/metrics/{name}/live', 'metricRowsLive', 'The rows of a metric', [name]),
  };
}
