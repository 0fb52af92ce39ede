import { column } from '#domain/kinds/columns.ts';
import type { StreamMetric } from '#domain/metrics/metric.ts';

const folder = 'metrics/category-per-minute';

export const categoryPerMinute: StreamMetric = {
  name: 'category_per_minute',
  description: 'Posts per category in each minute (UTC) by position; posts without a category count under none.',
  unit: 'posts',
  columns: [
    column('window_start', 'TIMESTAMPTZ'),
    column('category', 'VARCHAR'),
    column('pins', 'BIGINT'),
    column('revision', 'BIGINT'),
    column('updated_at', 'TIMESTAMPTZ'),
  ],
  picture: { form: 'lines', time: 'window_start', series: 'category', value: 'pins' },
  stream: {
    kind: 'pin',
    reads: ['category'],
    key: [
      { name: 'window_start', postgres: 'timestamptz' },
      { name: 'category', postgres: 'text', long: 'or NULL' },
    ],
    values: [{ name: 'pins', postgres: 'bigint', merge: 'sum' }],
    parameters: { window_unit: 'minute' },
    changesSql: `${folder}/stream.sql`,
    viewSql: `${folder}/view.sql`,
  },
};
