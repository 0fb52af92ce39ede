import './metrics.css';
import type { MetricDescription, MetricRows } from '#domain/answers/metrics.ts';
import { useLive } from '#web/live/live.ts';
import { Problem } from '#web/parts/problem.tsx';
import { RowTable } from '#web/parts/row-table.tsx';
import { MetricPicture } from './metric-picture.tsx';

const rowsInCard = 10;

export function MetricCard({ metric, isAlone }: { metric: MetricDescription; isAlone: boolean }) {
  const { value, problem, isLost } = useLive<MetricRows>(`/api/metrics/${metric.name}`);
  return (
    <article class="card metric" data-metric={metric.name} data-stale={isLost}>
      <h3>
        <a href={isAlone ? '/view/metrics' : `/view/metrics/${metric.name}`}>{metric.name}</a>
      </h3>
      <p class="quiet">{metric.description}</p>
      {problem === undefined ? null : <Problem title="It cannot be read" message={problem.message} />}
      {value === undefined ? <p class="waiting">Asking …</p> : <Rows value={value} isAlone={isAlone} />}
    </article>
  );
}

function Rows({ value, isAlone }: { value: MetricRows; isAlone: boolean }) {
  const { metric, rows, covers, truncated } = value;
  if (rows.length === 0)
    return (
      <p class="empty-metric">
        {metric.half === 'stream'
          ? 'No row of late: it moves as soon as events arrive.'
          : 'No row yet: it is computed when the first interval is published.'}
      </p>
    );
  return (
    <>
      <MetricPicture metric={metric} rows={rows} barsMax={isAlone ? 40 : rowsInCard} />
      {covers === null ? null : <p class="quiet covers">Of generation {covers}.</p>}
      {isAlone ? <RowTable columns={metric.columns} rows={rows} note={truncated ? 'There are more rows.' : undefined} /> : null}
    </>
  );
}
