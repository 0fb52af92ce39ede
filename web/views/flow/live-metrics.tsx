import type { MetricList } from '#domain/answers/metrics.ts';
import { useAnswer } from '#web/live/answered.ts';
import { MetricCard } from '#web/views/metrics/metric-card.tsx';

/** What moves as events arrive, below the map. */
export function LiveMetrics() {
  const { value } = useAnswer<MetricList>('/api/metrics');
  if (value === undefined) return null;
  return (
    <div class="columns">
      {value.metrics
        .filter(({ half }) => half === 'stream')
        .slice(0, 2)
        .map((metric) => (
          <MetricCard key={metric.name} metric={metric} isAlone={false} />
        ))}
    </div>
  );
}
