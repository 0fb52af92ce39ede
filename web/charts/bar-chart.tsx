import './bar-chart.css';
import { shortText, wholeText } from '#web/parts/format.ts';

export type Bar = { label: string; value: number | null };

/** A bar a row, as a list that is read out as text. */
export function BarChart({ bars, unit }: { bars: readonly Bar[]; unit: string }) {
  const most = Math.max(1, ...bars.map(({ value }) => value ?? 0));
  return (
    <ol class="bars">
      {bars.map(({ label, value }) => (
        <li key={label}>
          <span class="label" title={label}>
            {label}
          </span>
          <span class="bar" style={{ '--share': `${((value ?? 0) / most) * 100}%` }} aria-hidden="true" />
          <span class="value" title={value === null ? undefined : `${wholeText(value)} ${unit}`}>
            {value === null ? 'unknown' : shortText(value)}
          </span>
        </li>
      ))}
    </ol>
  );
}
