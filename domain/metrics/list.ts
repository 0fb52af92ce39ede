import type { Metric } from '#domain/metrics/metric.ts';
import { pinsPerCategory } from '#domain/metrics/pins-per-category/metric.ts';
import { popularCategoryPerYear } from '#domain/metrics/popular-category-per-year/metric.ts';

/** Every historical metric, in the order in which marts are committed. Batch, API and dashboard go by this list. */
export const metrics: readonly Metric[] = [pinsPerCategory, popularCategoryPerYear];
