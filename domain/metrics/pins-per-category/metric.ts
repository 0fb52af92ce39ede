import { column } from '#domain/kinds/columns.ts';
import type { Mart } from '#domain/metrics/metric.ts';

export const pinsPerCategory: Mart = {
  name: 'pins_per_category',
  description: 'Posts per category; pins without a category count under none.',
  unit: 'posts',
  columns: [column('category', 'VARCHAR'), column('pins', 'BIGINT')],
  picture: { form: 'bars', labels: ['category'], value: 'pins' },
  batchSql: 'metrics/pins-per-category/batch.sql',
};
