import type { CalendarDay, CalendarHour } from '#domain/answers/intervals.ts';
import { wholeText } from '#web/parts/format.ts';

const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));

export function HeatMap({ days, chosen }: { days: readonly CalendarDay[]; chosen: string | undefined }) {
  return (
    <div class="card scrolls" tabIndex={0} role="region" aria-label="Intervals by day and hour">
      <table class="heat">
        <thead>
          <tr>
            <th scope="col">Day</th>
            {hours.map((hour) => (
              <th key={hour} scope="col">
                {hour}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days.map(({ day, hours: ofDay }) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {ofDay.map((one, i) => (
                <td key={hours[i]}>{one === null ? <span class="none" /> : <HourLink hour={one} isChosen={one.hour === chosen} />}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="legend">
        {(['complete', 'cut', 'running', 'waiting', 'backing_off', 'held'] as const).map((state) => (
          <li key={state}>
            <span class="swatch" data-state={state} />
            {state.replace('_', ' ')}
          </li>
        ))}
      </ul>
    </div>
  );
}

function HourLink({ hour: { hour, worst, intervals, byState, records }, isChosen }: { hour: CalendarHour; isChosen: boolean }) {
  const states = Object.entries(byState)
    .map(([state, count]) => `${count} ${state.replace('_', ' ')}`)
    .join(', ');
  const text = `${hour}: ${intervals} intervals (${states}), ${wholeText(records)} records`;
  return (
    <a
      class="hour"
      href={`/view/intervals/${hour}`}
      data-state={worst}
      aria-label={text}
      title={text}
      aria-current={isChosen ? 'true' : undefined}
    />
  );
}
