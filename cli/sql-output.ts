import type { PlainValue } from '#adapters/duckdb/values.ts';
import { printable } from '#domain/printable.ts';
import { plainTable } from './plain-table.ts';

/** The rows of an answer in the three forms that `pinflow sql` prints. */
export type AnswerRows = { columns: { name: string; type: string }[]; rows: Record<string, PlainValue>[] };

const numberType = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/;
/** Texts that could be taken for NULL, and such texts in quotes. */
const likeNull = /^'*NULL'*$/;

/**
 * A table for a person, cut to `width` columns where there is one: NULL is NULL and the text of that name stands in
 * quotes, lists and structs are JSON.
 */
export function tableOf({ columns, rows }: AnswerRows, width?: number): string {
  const cell = (value: PlainValue | undefined): string => {
    const text = printable(textOf(value, 'NULL'));
    return typeof value === 'string' && likeNull.test(value) ? `'${text}'` : text;
  };
  return plainTable(
    columns.map(({ name, type }) => ({ name: printable(name), isNumber: numberType.test(type) })),
    rows.map((row) => columns.map(({ name }) => cell(row[name]))),
    { width, rule: true },
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
