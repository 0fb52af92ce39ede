import { exampleRows } from '#domain/kinds/samples.ts';

/** Rows of the examples: invented, in the shape that clients send. */
export const { pin, geo, user } = exampleRows;

/** The row lacking these members. */
export function without(row: Readonly<Record<string, unknown>>, ...fields: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name)));
}
