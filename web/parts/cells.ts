/** A cell as text: objects and lists as JSON. */
export function cellText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const numeric = /int|numeric|decimal|double|float|real/i;

/** Whether a column of this type, of Postgres or DuckDB, holds numbers. */
export function isNumeric(type: string): boolean {
  return numeric.test(type);
}
