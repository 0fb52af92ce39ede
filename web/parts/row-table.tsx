import { cellText, isNumeric } from './cells.ts';

export type TableColumn = { name: string; type: string };

/** Rows as they are; long texts are cut, and whole in the title. */
export function RowTable({
  columns,
  rows,
  note,
}: {
  columns: readonly TableColumn[];
  rows: readonly Record<string, unknown>[];
  note?: string | undefined;
}) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Rows">
      <table>
        <thead>
          <tr>
            {columns.map(({ name, type }) => (
              <th key={name} class={isNumeric(type) ? 'number' : ''} title={type} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map(({ name, type }) => (
                <Cell key={name} value={row[name]} type={type} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {note === undefined ? null : <p class="quiet">{note}</p>}
    </div>
  );
}

const charactersMax = 120;

function Cell({ value, type }: { value: unknown; type: string }) {
  if (value === null || value === undefined) return <td class="quiet">NULL</td>;
  const text = cellText(value);
  return (
    <td class={isNumeric(type) ? 'number' : ''} title={text.length > charactersMax ? text : undefined}>
      {text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text}
    </td>
  );
}
