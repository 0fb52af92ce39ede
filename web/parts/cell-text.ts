/** A cell as text: objects and lists as JSON. */
export function cellText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
