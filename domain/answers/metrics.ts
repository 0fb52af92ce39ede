import type { Picture } from '#domain/metrics/metric.ts';

/** What `/api/metrics` answers: every metric, and how it is to be drawn. */
export type MetricList = { metrics: MetricDescription[] };
export type MetricDescription = {
  name: string;
  description: string;
  unit: string;
  /** `stream`: within a second of the event. `batch`: of the intervals that are published. */
  half: 'stream' | 'batch';
  columns: { name: string; type: string }[];
  picture: Picture;
};

/** What `/api/metrics/<name>` answers. Cells are as JSON has them; times are RFC 3339. */
export type MetricRows = {
  metric: MetricDescription;
  at: string;
  /** Of a mart: the newest generation that its rows cover; null where there is none yet, and for the stream. */
  covers: number | null;
  rows: Record<string, unknown>[];
  /** Whether there are more rows than were asked for. */
  truncated: boolean;
};
