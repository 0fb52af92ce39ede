import type { MetricDescription } from '#domain/answers/metrics.ts';
import { BarChart } from '#web/charts/bar-chart.tsx';
import { cellText } from '#web/parts/cells.ts';
import { LineChart } from '#web/charts/line-chart.tsx';

type Row = Record<string, unknown>;

/** A metric as its description says. */
export function MetricPicture({ metric, rows, barsMax }: { metric: MetricDescription; rows: readonly Row[]; barsMax: number }) {
  const { picture, unit, description } = metric;
  if (picture.form === 'bars') {
    const bars = rows
      .slice(0, barsMax)
      .map((row) => ({ label: picture.labels.map((name) => textOf(row[name])).join(' · '), value: numberOf(row[picture.value]) }));
    return <BarChart bars={bars} unit={unit} />;
  }
  const times = [...new Set(rows.map((row) => Date.parse(String(row[picture.time])) / 1_000))];
  const bySeries = Map.groupBy(rows, (row) => textOf(row[picture.series]));
  const series = [...bySeries]
    .map(([name, of]) => {
      const byTime = new Map(of.map((row) => [Date.parse(String(row[picture.time])) / 1_000, numberOf(row[picture.value])]));
      return { name, values: times.map((time) => byTime.get(time) ?? null) };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return <LineChart title={description} times={times} series={series} />;
}

function textOf(value: unknown): string {
  return value === null || value === undefined || value === '' ? '(none)' : cellText(value);
}

/** Large numbers come as text. */
function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
