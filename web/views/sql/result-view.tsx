import { useState } from 'preact/hooks';
import type { SqlAnswer } from '#domain/answers/sql.ts';
import { wholeText } from '#web/parts/format.ts';
import { cellText, isNumeric } from '#web/parts/cells.ts';
import { RowTable } from '#web/parts/row-table.tsx';
import { BarChart } from '#web/charts/bar-chart.tsx';

const barsMax = 30;
/** Rows as a table, or as bars where there is a text and a number to draw. */
export function ResultView({ answer }: { answer: SqlAnswer }) {
  const { columns, rows, truncated, generation, note, ms } = answer;
  const [asBars, setAsBars] = useState(false);
  const value = columns.find(({ type }) => isNumeric(type));
  const label = columns.find((column) => column !== value);
  const canDraw = value !== undefined && label !== undefined && rows.length > 0;
  return (
    <section class="card result" aria-label="Result">
      <p class="quiet" role="status">
        {wholeText(rows.length)} {rows.length === 1 ? 'row' : 'rows'}
        {truncated ? ', and there are more' : ''} in {wholeText(ms)} ms
        {generation === null ? '' : `, of generation ${generation}`}
        {note === null ? '' : `. ${note}`}
      </p>
      <p class="actions">
        <button type="button" disabled={!canDraw} aria-pressed={asBars && canDraw} onClick={() => setAsBars(!asBars)}>
          Draw it
        </button>
        <Save name="answer.csv" type="text/csv" text={() => csvOf(answer)} />
        <Save name="answer.json" type="application/json" text={() => JSON.stringify(rows, null, 2)} />
      </p>
      {asBars && canDraw ? (
        <BarChart
          unit={value.name}
          bars={rows.slice(0, barsMax).map((row) => ({
            label: cellText(row[label.name] ?? '(none)'),
            value: row[value.name] === null ? null : Number(row[value.name]),
          }))}
        />
      ) : (
        <RowTable columns={columns} rows={rows} />
      )}
    </section>
  );
}

function Save({ name, type, text }: { name: string; type: string; text: () => string }) {
  const save = (): void => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text()], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <button type="button" onClick={save}>
      Save as {name.split('.')[1]!.toUpperCase()}
    </button>
  );
}

/** RFC 4180; NULL is an empty field. */
function csvOf({ columns, rows }: SqlAnswer): string {
  const field = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    const text = cellText(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(({ name }) => field(name)), ...rows.map((row) => columns.map(({ name }) => field(row[name])))]
    .map((line) => line.join(','))
    .join('\r\n');
}
