import { useRoute } from 'preact-iso';
import type { MetricDescription, MetricList } from '#domain/answers/metrics.ts';
import { useAnswer } from '#web/live/answered.ts';
import { Problem } from '#web/parts/problem.tsx';
import { MetricCard } from './metric-card.tsx';

/** Every metric of the list, or the one that the path names. */
export function MetricsView() {
  const { name } = useRoute().params;
  const { value, problem } = useAnswer<MetricList>('/api/metrics');
  if (value === undefined)
    return (
      <>
        <h1>Metrics</h1>
        {problem === undefined ? <p class="waiting">Asking …</p> : <Problem title="Nothing can be shown" message={problem.message} />}
      </>
    );
  const shown = name === undefined ? value.metrics : value.metrics.filter((one) => one.name === name);
  return (
    <>
      <h1>Metrics</h1>
      {shown.length === 0 ? <Problem title="There is no such metric" message={`None is called ${name}.`} /> : null}
      <Half title="As events arrive" metrics={shown.filter(({ half }) => half === 'stream')} isAlone={name !== undefined} />
      <Half title="Over all that is published" metrics={shown.filter(({ half }) => half === 'batch')} isAlone={name !== undefined} />
    </>
  );
}

function Half({ title, metrics, isAlone }: { title: string; metrics: readonly MetricDescription[]; isAlone: boolean }) {
  if (metrics.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 class="half">{title}</h2>
      <div class={isAlone ? '' : 'columns'}>
        {metrics.map((metric) => (
          <MetricCard key={metric.name} metric={metric} isAlone={isAlone} />
        ))}
      </div>
    </section>
  );
}
