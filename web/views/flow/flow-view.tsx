import './flow.css';
import type { Flow } from '#domain/answers/flow.ts';
import { LiveView } from '#web/parts/live-view.tsx';
import { LiveMetrics } from './live-metrics.tsx';
import { EdgeLine } from './edge-line.tsx';
import { StationCard } from './station-card.tsx';

/** What flows, and whether what went in came out. */
export function FlowView() {
  return (
    <LiveView<Flow> title="Flow" path="/api/flow">
      {({ stations, edges, problems }) => (
        <>
          <div class="flow">
            {stations.map((station) => (
              <StationCard key={station.name} station={station} />
            ))}
            {edges.map((edge) => (
              <EdgeLine key={`${edge.from}-${edge.to}`} edge={edge} />
            ))}
          </div>
          <Attention problems={problems} />
          <LiveMetrics />
        </>
      )}
    </LiveView>
  );
}

function Attention({ problems }: Pick<Flow, 'problems'>) {
  if (problems === null) return null;
  if (problems.length === 0) return <p class="quiet">Nothing needs attention.</p>;
  return (
    <section class="problem" aria-live="polite">
      <h2>Needs attention</h2>
      <ul>
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </section>
  );
}
