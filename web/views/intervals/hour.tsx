import { useEffect } from 'preact/hooks';
import type { HourOfIntervals, IntervalRun } from '#domain/answers/intervals.ts';
import { useAnswer } from '#web/live/answered.ts';
import { durationText, wholeText } from '#web/parts/format.ts';
import { Problem } from '#web/parts/problem.tsx';

/** The intervals of an hour; asked for again whenever the calendar changes (`at`). */
export function Hour({ hour, at }: { hour: string; at: string }) {
  const { value, problem, askAgain } = useAnswer<HourOfIntervals>(`/api/intervals/${encodeURIComponent(hour)}`);
  useEffect(askAgain, [at]);
  if (problem !== undefined && value === undefined) return <Problem title="The hour cannot be shown" message={problem.message} />;
  if (value === undefined) return <p class="waiting">Asking …</p>;
  if (value.intervals.length === 0) return <p class="quiet">No interval begins in this hour.</p>;
  return (
    <section class="card" aria-label={`Intervals from ${hour} on`}>
      <h2>From {hour}</h2>
      {value.intervals.toReversed().map((run) => (
        <Run key={run.start} run={run} />
      ))}
    </section>
  );
}

const none = '–';
const count = (value: number | null): string => (value === null ? none : wholeText(value));

function Run({ run }: { run: IntervalRun }) {
  return (
    <details class="run" data-interval={run.start}>
      <summary>
        <span class="swatch" data-state={run.state} />
        <span class="span">
          {run.start.slice(11, 19)} – {run.end.slice(11, 19)}
        </span>
        <span>{run.state.replace('_', ' ')}</span>
        <span class="quiet">{run.records === null ? '' : `${wholeText(run.records)} records`}</span>
      </summary>
      {run.problem === null ? null : <p class="problem">{run.problem}</p>}
      <dl class="facts">
        <Fact name="Records" value={count(run.records)} />
        <Fact name="Clean" value={count(run.clean)} />
        <Fact name="Rejects" value={count(run.rejects)} />
        <Fact name="Duplicates" value={count(run.duplicates)} />
        <Fact name="Attempts" value={count(run.attempts)} />
        <Fact name="Generation" value={count(run.generation)} />
        <Fact name="Published after its end" value={run.readySeconds === null ? none : durationText(run.readySeconds)} />
        <Fact name="Tried again" value={run.nextTry ?? none} />
      </dl>
      <div class="columns">
        <div>
          <h3>Read</h3>
          {run.inputs.length === 0 ? <p class="quiet">Nothing arrived in it.</p> : null}
          <ul>
            {run.inputs.map(({ topic, partition, from, to }) => (
              <li key={`${topic}/${partition}`}>
                {topic}/{partition}: {wholeText(from)} to {wholeText(to)}
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h3>Wrote</h3>
          {run.outputs.length === 0 ? <p class="quiet">Nothing was published for it.</p> : null}
          <ul>
            {run.outputs.map(({ table, version }) => (
              <li key={table}>
                {table}, version {version}
              </li>
            ))}
          </ul>
        </div>
      </div>
      <p>
        <a href={run.link} target="_blank" rel="noreferrer">
          Its run in Temporal
        </a>
      </p>
    </details>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
