import { column } from '#domain/kinds/columns.ts';
import type { Metric } from '#domain/metrics/metric.ts';

export const pinsPerCategory: Metric = {
  name: 'pins_per_category',
  description: 'Posts per category; pins without a category count under none.',
  columns: [column('category', 'VARCHAR'), column('pins', 'BIGINT')],
  batchSql: 'metrics/pins-per-category/batch.sql',
};
