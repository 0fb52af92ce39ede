import './events.css';
import { useLocation } from 'preact-iso';
import { useLines } from '#web/live/lines.ts';
import { Problem } from '#web/parts/problem.tsx';
import { EventRow } from './event-row.tsx';
import type { EventLine } from './event-line.ts';
import { SendEvent } from './send-event.tsx';

const linesMax = 100;

/** The last events with their verdict, and a form that sends one and follows it. */
export function EventsView() {
  const { query, route } = useLocation();
  const verdict = query['verdict'] === 'refused' ? 'refused' : 'taken';
  const search = query['search'] ?? '';
  const { lines, problem } = useLines<EventLine>(`/api/tail?since=5m${verdict === 'refused' ? '&rejected=true' : ''}`, linesMax);
  const go = (to: { verdict?: string; search?: string }): void =>
    route(`/view/events?${new URLSearchParams({ verdict, search, ...to }).toString()}`, true);
  const shown = lines.filter((line) => search === '' || JSON.stringify(line).toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <h1>Live events</h1>
      <SendEvent />
      <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Verdict
          <select value={verdict} onChange={(event) => go({ verdict: event.currentTarget.value })}>
            <option value="taken">taken</option>
            <option value="refused">refused or rejected</option>
          </select>
        </label>
        <label>
          Search in them
          <input type="search" value={search} onInput={(event) => go({ search: event.currentTarget.value })} />
        </label>
      </form>
      {problem === undefined ? null : <Problem title="Events cannot be followed" message={problem.message} />}
      {shown.length === 0 ? (
        <p class="quiet">
          {lines.length === 0
            ? 'None in the last five minutes; this page shows the next as it comes.'
            : 'None of the last events is like that.'}
        </p>
      ) : null}
      <ol class="events">
        {shown.map((line) => (
          <EventRow key={keyOf(line)} line={line} />
        ))}
      </ol>
    </>
  );
}

function keyOf(line: EventLine): string {
  return 'offset' in line ? `${line.topic}/${line.partition}/${line.offset}` : JSON.stringify(line);
}
