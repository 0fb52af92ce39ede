import './offsets.css';
import type { Offsets } from '#domain/answers/offsets.ts';
import { LiveView } from '#web/parts/live-view.tsx';
import { Ruler } from './ruler.tsx';

/** A ruler per partition: what Kafka holds, and how far everybody has come in it. */
export function OffsetsView() {
  return (
    <LiveView<Offsets> title="Offsets" path="/api/offsets">
      {({ partitions }) => (
        <>
          <Legend />
          {[...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, rulers]) => (
            <section class="card" key={topic}>
              <h2>{topic}</h2>
              {rulers.map((ruler) => (
                <Ruler key={ruler.partition} ruler={ruler} />
              ))}
            </section>
          ))}
        </>
      )}
    </LiveView>
  );
}

function Legend() {
  return (
    <ul class="legend">
      <li data-mark="landed">landed in S3</li>
      <li data-mark="streamed">in Postgres</li>
      <li data-mark="cut">end of the last interval</li>
      <li data-mark="danger">deleted by Kafka’s retention soon</li>
    </ul>
  );
}
