import './stream.css';
import { useEffect, useState } from 'preact/hooks';
import type { ReaderSlots, StreamSlots } from '#domain/answers/stream.ts';
import type { Series } from '#web/charts/line-chart.tsx';
import { LineChart } from '#web/charts/line-chart.tsx';
import { Confirm } from '#web/parts/confirm.tsx';
import { durationText, rateText, wholeText } from '#web/parts/format.ts';
import { LiveView } from '#web/parts/live-view.tsx';
import { Problem } from '#web/parts/problem.tsx';

/** The readers of the log, slot by slot, and the way to stop them for a while. */
export function StreamView() {
  return (
    <LiveView<StreamSlots> title="Stream" path="/api/stream">
      {({ at, readers }) => (
        <>
          {readers.map((reader) => (
            <Reader key={reader.reader} at={at} reader={reader} />
          ))}
        </>
      )}
    </LiveView>
  );
}

const names = { stream: 'Kafka to Postgres', landing: 'Kafka to raw objects' };
const tones: Record<string, string> = { reading: 'good', paused: 'warn', draining: 'warn' };

function Reader({ at, reader: { reader, run, mode, slots, problem } }: { at: string; reader: ReaderSlots }) {
  const state = run === 'RUNNING' ? (mode ?? 'unknown') : run.toLowerCase();
  return (
    <section class="card" data-reader={reader}>
      <header class="reader-head">
        <h2>{names[reader]}</h2>
        <span class="badge" data-tone={tones[state] ?? 'bad'}>
          {state}
        </span>
        {mode === 'paused' ? (
          <Confirm
            label="Resume"
            path={`/api/${reader}/resume`}
            done="It reads again."
            question={`Let ${reader} read on from its checkpoints?`}
          />
        ) : (
          <Confirm
            label="Pause"
            path={`/api/${reader}/pause`}
            done="It is paused."
            question={`Stop ${reader} at its next commit? Kafka keeps what arrives, and nothing is lost; it reads on when it is resumed.`}
          />
        )}
      </header>
      {problem === null ? null : <Problem title="It cannot be told" message={problem} />}
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">Slot</th>
              <th scope="col" class="number">
                Partitions
              </th>
              <th scope="col" class="number">
                Records behind
              </th>
              <th scope="col" class="number">
                Seconds behind
              </th>
              <th scope="col" class="number">
                Rows
              </th>
              <th scope="col">Owner</th>
            </tr>
          </thead>
          <tbody>
            {slots.map((slot) => (
              <tr key={slot.slot}>
                <td>{slot.slot}</td>
                <td class="number">{slot.partitions}</td>
                <td class="number">{wholeText(slot.lagRecords)}</td>
                <td class="number">{durationText(slot.lagSeconds)}</td>
                <td class="number">{slot.recordsPerSecond === null ? '…' : rateText(slot.recordsPerSecond)}</td>
                <td class="owner">{slot.owner}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {slots
        .flatMap(({ problems }) => problems)
        .map((text) => (
          <p class="problem" key={text}>
            {text}
          </p>
        ))}
      <Trend at={at} slots={slots} />
    </section>
  );
}

const pointsMax = 300;

/** Lag since the view was opened. */
function Trend({ at, slots }: { at: string; slots: ReaderSlots['slots'] }) {
  const [points, setPoints] = useState<{ time: number; lags: Map<number, number> }[]>([]);
  useEffect(() => {
    const point = { time: Date.parse(at) / 1_000, lags: new Map(slots.map(({ slot, lagRecords }) => [slot, lagRecords])) };
    setPoints((before) => [...before.slice(1 - pointsMax), point]);
  }, [at]);
  const series: Series[] = slots.map(({ slot }) => ({ name: `slot ${slot}`, values: points.map(({ lags }) => lags.get(slot) ?? null) }));
  return <LineChart title="Records behind, by slot" times={points.map(({ time }) => time)} series={series} />;
}
