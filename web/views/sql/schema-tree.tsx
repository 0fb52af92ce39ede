import type { SqlTable } from '#domain/answers/sql.ts';

export function SchemaTree({ tables, onChoose }: { tables: readonly SqlTable[]; onChoose: (name: string) => void }) {
  return (
    <section aria-label="Tables">
      <h2>Tables</h2>
      {tables.map(({ name, about, columns }) => (
        <details key={name} class="table" data-table={name}>
          <summary title={about}>{name}</summary>
          <p class="quiet">{about}</p>
          <button type="button" onClick={() => onChoose(name)}>
            Use it
          </button>
          <ul>
            {columns.map((column) => (
              <li key={column.name}>
                {column.name} <span class="quiet">{column.type}</span>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}
