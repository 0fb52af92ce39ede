import { column } from '#domain/kinds/columns.ts';
import type { Mart } from '#domain/metrics/metric.ts';

export const popularCategoryPerYear: Mart = {
  name: 'popular_category_per_year',
  description: 'The category with the most posts of each year (UTC year of geo.timestamp); tied categories are all there.',
  unit: 'posts',
  columns: [column('post_year', 'INTEGER'), column('category', 'VARCHAR'), column('category_count', 'BIGINT')],
  picture: { form: 'bars', labels: ['post_year', 'category'], value: 'category_count' },
  batchSql: 'metrics/popular-category-per-year/batch.sql',
};
