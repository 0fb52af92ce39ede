import { signal } from '@preact/signals';

const place = 'pinflow.sql.history';
const statementsMax = 30;
const history = signal<readonly string[]>(read());

function read(): string[] {
  try {
    return JSON.parse(localStorage.getItem(place) ?? '[]') as string[];
  } catch {
    // A browser that keeps nothing for us, or what is no longer JSON.
    return [];
  }
}

/** Kept in this browser alone. */
export function remember(sql: string): void {
  history.value = [sql, ...history.value.filter((one) => one !== sql)].slice(0, statementsMax);
  try {
    localStorage.setItem(place, JSON.stringify(history.value));
  } catch {
    // It lives as long as the page then.
  }
}

export function History({ onChoose }: { onChoose: (sql: string) => void }) {
  if (history.value.length === 0) return null;
  return (
    <section aria-label="Earlier statements">
      <h2>Earlier</h2>
      <ul class="history">
        {history.value.map((sql) => (
          <li key={sql}>
            <button type="button" title={sql} onClick={() => onChoose(sql)}>
              {sql.replaceAll(/\s+/g, ' ')}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
