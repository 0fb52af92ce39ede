import type { PlainValue } from '#adapters/duckdb/values.ts';
import { printable } from '#domain/printable.ts';
import { linedTable } from './plain-table.ts';

/** The rows of an answer in the three forms that `pinflow sql` prints. */
export type AnswerRows = { columns: { name: string }[]; rows: Record<string, PlainValue>[] };

/** A table for a person; NULL is written out, lists and structs as JSON. */
export function tableOf({ columns, rows }: AnswerRows): string {
  const names = columns.map(({ name }) => name);
  return linedTable(
    names.map(printable),
    rows.map((row) => names.map((name) => printable(textOf(row[name], 'NULL')))),
  );
}

/** RFC 4180: fields that need it are quoted, quotes doubled; NULL is empty, the empty text is `""`. */
export function csvOf({ columns, rows }: AnswerRows): string {
  const names = columns.map(({ name }) => name);
  return [names.map(csvField), ...rows.map((row) => names.map((name) => csvField(row[name])))]
    .map((fields) => fields.join(','))
    .join('\r\n');
}

/** An array of objects, a row a line: readable, and still one JSON value. */
export function jsonOf({ rows }: AnswerRows): string {
  return rows.length === 0 ? '[]' : `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]`;
}

function csvField(value: PlainValue | undefined): string {
  const text = textOf(value, '');
  return /[",\r\n]/.test(text) || value === '' ? `"${text.replaceAll('"', '""')}"` : text;
}

function textOf(value: PlainValue | undefined, ofNull: string): string {
  if (value === null || value === undefined) return ofNull;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
