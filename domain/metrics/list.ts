import { categoryPerMinute } from '#domain/metrics/category-per-minute/metric.ts';
import type { Mart, Metric, StreamMetric } from '#domain/metrics/metric.ts';
import { pinsPerCategory } from '#domain/metrics/pins-per-category/metric.ts';
import { popularCategoryPerYear } from '#domain/metrics/popular-category-per-year/metric.ts';
import { profilePopularity } from '#domain/metrics/profile-popularity/metric.ts';

/**
 * Every metric. The set-up makes its tables from this list, batch computes the marts in it and the stream keeps up the others;
 * the lake's status, the ad-hoc views and the help of `pinflow sql` go by it, and one test runs over all of it.
 */
export const metrics: readonly Metric[] = [pinsPerCategory, popularCategoryPerYear, categoryPerMinute, profilePopularity];

/** The historical ones, in the order in which marts are committed. */
export const marts: readonly Mart[] = metrics.filter(isMart);

/** The real-time ones, in the order in which a transaction of the stream writes them. */
export const streamMetrics: readonly StreamMetric[] = metrics.filter(isStreamMetric);

export function isMart(metric: Metric): metric is Mart {
  return metric.batchSql !== undefined;
}

export function isStreamMetric(metric: Metric): metric is StreamMetric {
  return metric.stream !== undefined;
}
