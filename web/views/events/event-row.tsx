import type { EventLine } from './event-line.ts';

/** A line of the tail: what came, and what became of it. */
export function EventRow({ line }: { line: EventLine }) {
  if (line.type === 'record')
    return (
      <li data-type="record">
        <details>
          <summary>
            <Time time={line.time} />
            <span class="badge" data-tone="good">
              taken
            </span>
            <span class="kind">{line.kind}</span>
            <code class="value">{line.key ?? ''}</code>
            <span class="quiet">
              {line.topic}/{line.partition} offset {line.offset}
            </span>
          </summary>
          <pre>{JSON.stringify(line.value ?? line.valueBase64, null, 2)}</pre>
        </details>
      </li>
    );
  if (line.type === 'reject')
    return (
      <li data-type="reject">
        <Time time={line.time} />
        <span class="badge" data-tone="warn">
          rejected
        </span>
        <span class="kind">{line.kind}</span>
        <strong>{line.reason}</strong>
        <span class="quiet">
          {line.topic}/{line.partition} offset {line.offset}
        </span>
      </li>
    );
  return (
    <li data-type="refusal">
      <Time time={line.time} />
      <span class="badge" data-tone="bad">
        refused{line.count > 1 ? ` × ${line.count}` : ''}
      </span>
      <span class="kind">{line.kind ?? ''}</span>
      <strong>
        {line.status} {line.reason}
      </strong>
      <span>{line.message}</span>
    </li>
  );
}

function Time({ time }: { time: string }) {
  return <time dateTime={time}>{time.slice(11, 23)}</time>;
}
